/** Random scripts for the lifecycle of actors: how each is spawned, what it does with its messages, and in what order. */

import * as fc from "fast-check";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { MailboxOverflow, RestartType, SupervisionStrategy } from "../../src/runtime/spawn-options.js";

export type Act =
  | { readonly act: "fail" | "end" | "stash" | "unstash" | "timer" | "stopParent" }
  | { readonly act: "spawn" | "stopChild" | "askChild" | "watchChild"; readonly child: number }
  | { readonly act: "tellParent" | "tellSelf"; readonly order: "fail" | "end" | "unstash" };

export interface Plan {
  readonly strategy: SupervisionStrategy;
  readonly restart: RestartType;
  readonly intensity: number;
  readonly overflow: MailboxOverflow;
  readonly capacity: number;
  /** Children started in `start`. */
  readonly children: number;
  /** Which of its starts fails, from 1; 0 for none. */
  readonly startThatFails: number;
  readonly stopFails: boolean;
}

export type Step =
  | { readonly step: "root"; readonly root: number }
  | {
      readonly step: "tell";
      readonly actor: number;
      readonly acts: readonly Act[];
      readonly control: boolean;
    }
  | { readonly step: "turn" }
  | { readonly step: "advance"; readonly ms: number }
  | { readonly step: "stop"; readonly actor: number };

export type Message =
  | { readonly kind: "script"; readonly id: number; readonly acts: readonly Act[] }
  /** Meant for one state alone. */
  | { readonly kind: "own"; readonly state: State }
  | { readonly kind: "question"; readonly id: number; readonly replyTo: ActorRef<Message> };

/** Of an actor in a script. */
export interface State {
  readonly address: string;
  running: boolean;
}

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    act: fc.constantFrom("fail", "end", "stash", "unstash", "timer", "stopParent"),
  } as const),
  fc.record({
    act: fc.constantFrom("spawn", "stopChild", "askChild", "watchChild"),
    child: fc.nat(3),
  } as const),
  fc.record({
    act: fc.constantFrom("tellParent", "tellSelf"),
    order: fc.constantFrom("fail", "end", "unstash"),
  } as const),
);

export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  strategy: fc.constantFrom("oneForOne", "allForOne", "restForOne"),
  restart: fc.constantFrom("permanent", "transient", "temporary"),
  intensity: fc.nat(3),
  overflow: fc.constantFrom("reject", "dropOldest", "dropNewest"),
  capacity: fc.constantFrom(2, 100),
  children: fc.nat(3),
  startThatFails: fc.constantFrom(0, 0, 0, 1, 2),
  stopFails: fc.boolean(),
});

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant("tell"),
      actor: fc.nat(60),
      acts: fc.array(anyAct, { maxLength: 4 }),
      control: fc.boolean(),
    } as const),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant("turn") } as const) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant("advance"), ms: fc.nat(15) } as const) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("root"), root: fc.nat(2) } as const) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("stop"), actor: fc.nat(60) } as const) },
);
