/** An actor reference that only remembers what it was told. */

import type { ActorRef, Lane } from "../../src/runtime/actor-ref.js";

export interface Probe<Message> extends ActorRef<Message> {
  readonly received: Message[];
  readonly lanes: Lane[];
  /** The one message of this type so far; fails where there is none or more than one. */
  only<Type extends (Message extends { readonly type: infer T } ? T : never)>(
    type: Type,
  ): Extract<Message, { readonly type: Type }>;
  /** Every message of this type so far. */
  all<Type extends (Message extends { readonly type: infer T } ? T : never)>(
    type: Type,
  ): Extract<Message, { readonly type: Type }>[];
}

export function createProbe<Message>(address = "sluice://test/probe"): Probe<Message> {
  const received: Message[] = [];
  const lanes: Lane[] = [];
  const all = (type: unknown) =>
    received.filter((message) => (message as { readonly type?: unknown }).type === type) as never[];
  return {
    address,
    received,
    lanes,
    tell: (message, lane = "data") => {
      received.push(message);
      lanes.push(lane);
    },
    toJSON: () => address,
    all,
    only: (type) => {
      const found = all(type);
      if (found.length !== 1) {
        throw new Error(
          `Wanted one "${String(type)}" at ${address}, got ${found.length} of ${received.length}`,
        );
      }
      return found[0] as never;
    },
  };
}
