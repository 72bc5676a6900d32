/** What a simulated source has been told and has sent, as the laws of its delivery have it (`delivery.ts`, X1 to X5). */

import type { DeliveryLimits } from "../actors/generator/delivery/redelivery.js";
import type { TaskId } from "../task/identity.js";
import type { Cursor, Task } from "../task/task.js";

/** A task that its source has sent and not been told the end of. */
export interface Underway {
  /** As it left last. */
  task: Task;
  sentAtMs: number;
  /** By this process. */
  deliveries: number;
  /** Nodes that may have it. */
  readonly placedOn: Set<string>;
  /** Those of the plan under which it first left. */
  readonly placedFirst: ReadonlySet<string>;
  /** Nodes that were named from when its last frame came until it first left. */
  readonly namedBefore: ReadonlySet<string>;
  /** From when on it is to leave again, as a node that may have it went; null where none did since it left. */
  lostAtMs: number | null;
  /** Since when every node that it needs is there; null while one is not. */
  placeableSinceMs: number | null;
  /** Something else than time may have it leave again. */
  expedited: boolean;
}

interface Plan {
  readonly joinNodes: ReadonlyMap<Cursor, string>;
  readonly statefulNodes: ReadonlyMap<string, string>;
  readonly placedOn: readonly string[];
}

/** Of one source, in one process. */
export interface SourceModel {
  readonly underway: Map<string, Underway>;
  /** That it knows to be settled: what of them has left before may still arrive. */
  readonly settled: Set<string>;
  readonly gone: Set<string>;
  /** How often each node was said to be gone. */
  readonly goneTimes: Map<string, number>;
  /** How often it was told of each task that a message with it reached nobody. */
  readonly toldLost: Map<string, number>;
  plan: Plan | null;
  /** Nodes of every plan since this process of the source started. */
  readonly named: Set<string>;
  /** The same, by plan in order. */
  readonly plans: (readonly string[])[];
  /** By frame: which of them was in force as it came. */
  readonly planAtFrame: Map<number, number>;
  /** The longest time from the only delivery of a task to its end, in ms. */
  settleMsMax: number;
  /** Whose place in the order of a stateful stage each is: by stage, node and ordinal. */
  readonly ordinals: Map<string, string>;
}

export function createSourceModel(): SourceModel {
  return {
    underway: new Map(),
    settled: new Set(),
    gone: new Set(),
    goneTimes: new Map(),
    toldLost: new Map(),
    plan: null,
    named: new Set(),
    plans: [],
    planAtFrame: new Map(),
    settleMsMax: 0,
    ordinals: new Map(),
  };
}

/** The source is told another plan. */
export function tellPlan(model: SourceModel, told: Plan): void {
  model.plan = told;
  model.plans.push(told.placedOn);
  for (const node of told.placedOn) {
    model.named.add(node);
    for (const { placedOn } of model.underway.values()) placedOn.add(node);
  }
}

/** Nodes that plans have named from when the first frame of a task came: it waits to leave for a disk, and for the hub. */
export function namedSince({ plans, planAtFrame }: SourceModel, { frames }: Task): ReadonlySet<string> {
  const from = frames === undefined ? undefined : planAtFrame.get(frames.first);
  return new Set(from === undefined ? [] : plans.slice(Math.max(0, from)).flat());
}

/** Whether a task that is to leave again may: each node that it needs is there, or the plan names another one. */
export function isPlaceable({ gone, plan }: SourceModel, task: Task, cloud: string): boolean {
  if (gone.has(cloud)) return false;
  const isThere = (node: string, other: string | undefined): boolean =>
    !gone.has(node) || (other !== undefined && !gone.has(other));
  return (
    [...task.joinNodes].every(([cursor, node]) => isThere(node, plan?.joinNodes.get(cursor))) &&
    [...task.pins].every(([stage, { node }]) => isThere(node, plan?.statefulNodes.get(stage)))
  );
}

/** How long a task waits for its end before it leaves again, in ms: at least, and at most. */
export function patienceMs(
  { timeoutMs, timeoutMsMax }: Pick<DeliveryLimits, "timeoutMs" | "timeoutMsMax">,
  { deliveries }: Underway,
  settleMsMax: number,
): { readonly min: number; readonly max: number } {
  const growth = 2 ** (deliveries - 1);
  // It is at least four times the mean time that tasks take, which the longest one bounds.
  const longestMs = 4 * settleMsMax;
  return {
    min: Math.min(timeoutMs * growth, timeoutMsMax),
    max: Math.min(Math.max(timeoutMs, longestMs) * growth, Math.max(timeoutMsMax, longestMs)),
  };
}

/** What a source itself gives up: it has its own way. */
export const GIVEN_UP: ReadonlySet<string> = new Set([
  "windowFull",
  "expired",
  "outage",
  "paused",
  "sourceLost",
  "tooLarge",
]);

/** What a source is told, as far as it concerns when it delivers. */
export interface SourceMessage {
  readonly type: string;
  readonly node?: string;
  readonly left?: boolean;
  readonly id?: TaskId;
  readonly frame?: { readonly number: number };
}
