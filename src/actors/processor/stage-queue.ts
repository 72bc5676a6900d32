/**
 * The queue of a stage: its tasks from their arrival to their answer. It is bounded and, at a stateful stage, keeps the
 * order of each source. A pure structure that is given the time.
 */

import type { SourceId } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import {
  continuityOf,
  createSourceOrders,
  finish,
  giveOut,
  giveUpBefore,
  isDue,
  isKnown,
  loseState,
  missingBefore,
  skip,
  type SourceOrders,
  type Turn,
} from "./source-order.js";
import {
  createSourceLanes,
  enqueue,
  firstOf,
  holds,
  isFull,
  putBack,
  release,
  take,
  takeAll,
  takeLane,
  type Entry,
  type Overflow,
  type SourceLanes,
} from "./source-lanes.js";

interface Gap {
  /** Ordinal that is missing. */
  readonly awaited: number;
  /** When it is waited for no more. */
  readonly untilMs: number;
}

export interface StageQueue {
  readonly lanes: SourceLanes;
  /** Null at a stage without state. */
  readonly orders: SourceOrders | null;
  /** Sources whose first task waits for one before it. */
  readonly gaps: Map<SourceId, Gap>;
  readonly gapTimeoutMs: number;
}

/** Tasks of one source that may be dropped elsewhere while one before them is under way; beyond it, gaps time out. */
const SKIPPED_MAX = 10_000;

export function createStageQueue(
  stage: Pick<Stage, "queue" | "stateful">,
  limits: { readonly gapTimeoutMs: number; readonly sourcesMax: number },
): StageQueue {
  const { gapTimeoutMs, sourcesMax } = limits;
  const orders = stage.stateful ? createSourceOrders({ sourcesMax, skippedMax: SKIPPED_MAX }) : null;
  return { lanes: createSourceLanes(stage), orders, gaps: new Map(), gapTimeoutMs };
}

/** Tasks that wait. */
export function waitingCount({ lanes }: StageQueue): number {
  return lanes.size;
}

/** A task arrives; one that is here already changes nothing. Returns what has to go for it. */
export function enterQueue(queue: StageQueue, entry: Entry, nowMs: number): readonly Overflow[] {
  const { lanes } = queue;
  if (holds(lanes, entry.task)) return [];
  begin(queue, turnOf(entry), entry.attempt + entry.task.delivery - 1);
  const overflow = enqueue(lanes, entry);
  watchGap(queue, entry.task.id.sourceId, nowMs);
  return overflow;
}

/** A task that had been taken waits again, before all others of its source. */
export function reenterQueue(queue: StageQueue, entry: Entry): void {
  putBack(queue.lanes, entry);
}

/** Takes the task whose turn it is, of those that may be begun. */
export function takeNext(
  queue: StageQueue,
  nowMs: number,
  mayBegin: (entry: Entry) => boolean = () => true,
): Entry | undefined {
  const { lanes, orders } = queue;
  const next = () =>
    take(lanes, (waiting) => (orders === null ? mayBegin(waiting) : isDue(orders, turnOf(waiting))));
  let entry = next();
  if (entry === undefined && lanes.policy !== "block" && isFull(lanes)) {
    // It takes in no missing task, and so waits for none.
    const [longest] = queue.gaps.keys();
    if (longest !== undefined) giveUpGap(queue, longest, nowMs);
    entry = next();
  }
  if (entry !== undefined && orders !== null) {
    giveOut(orders, turnOf(entry));
    watchGap(queue, entry.task.id.sourceId, nowMs);
  }
  return entry;
}

/** The task was answered for, and may come again. */
export function settleTask(
  queue: StageQueue,
  entry: Entry,
  outcome: "completed" | "dropped",
  nowMs: number,
): void {
  release(queue.lanes, entry);
  if (outcome === "dropped") passOver(queue, turnOf(entry), nowMs);
  else if (queue.orders !== null) finish(queue.orders, entry.task.id);
}

/** The task of this turn will not come. */
export function passOver(queue: StageQueue, turn: Turn, nowMs: number): void {
  if (queue.orders === null) return;
  begin(queue, turn, 1);
  skip(queue.orders, turn);
  watchGap(queue, turn.sourceId, nowMs);
}

/** Whether the service, with the state that it has, has last seen the task before this one; `continued` where it has none. */
export function continuityIn(queue: StageQueue, { task }: Entry): "continued" | "restarted" {
  return queue.orders === null ? "continued" : continuityOf(queue.orders, task.id);
}

/** The worker is gone, and with it what the service knew. */
export function forgetState(queue: StageQueue): void {
  if (queue.orders !== null) loseState(queue.orders);
}

/** Empties the queue of what waits. */
export function clearQueue(queue: StageQueue): readonly Entry[] {
  queue.gaps.clear();
  return takeAll(queue.lanes);
}

/** Takes all that waits of a source; each is then to be settled as dropped. */
export function takeOf(queue: StageQueue, sourceId: SourceId): readonly Entry[] {
  return takeLane(queue.lanes, sourceId);
}

/** Waits no more for what has been waited for long enough. */
export function giveUpGaps(queue: StageQueue, nowMs: number): void {
  for (const [sourceId, gap] of queue.gaps) if (gap.untilMs <= nowMs) giveUpGap(queue, sourceId, nowMs);
}

/** When the next gap is to be given up, in ms since the Unix epoch; null where nothing is waited for. */
export function nextGapAtMs(queue: StageQueue): number | null {
  let atMs: number | null = null;
  for (const { untilMs } of queue.gaps.values()) atMs = Math.min(atMs ?? untilMs, untilMs);
  return atMs;
}

/** Where the order of a source begins that is not known (any more): what came before this stage had it is not waited for. */
function begin({ lanes, orders }: StageQueue, turn: Turn, attempt: number): void {
  if (orders === null || isKnown(orders, turn.sourceId)) return;
  // An earlier incarnation of this stage or an earlier delivery had it, or more are missing than may well be late.
  if (attempt > 1 || turn.ordinal > lanes.capacity) giveUpBefore(orders, turn);
}

function giveUpGap(queue: StageQueue, sourceId: SourceId, nowMs: number): void {
  const first = firstOf(queue.lanes, sourceId);
  if (first !== undefined && queue.orders !== null) giveUpBefore(queue.orders, turnOf(first));
  watchGap(queue, sourceId, nowMs);
}

/** Begins, keeps or ends the wait of a source's first task. */
function watchGap(
  { lanes, orders, gaps, gapTimeoutMs }: StageQueue,
  sourceId: SourceId,
  nowMs: number,
): void {
  if (orders === null) return;
  const first = firstOf(lanes, sourceId);
  const awaited = first === undefined ? null : missingBefore(orders, turnOf(first));
  if (awaited !== null && gaps.get(sourceId)?.awaited === awaited) return;
  gaps.delete(sourceId);
  if (awaited !== null) gaps.set(sourceId, { awaited, untilMs: nowMs + gapTimeoutMs });
}

function turnOf({ task: { id }, ordinal }: Entry): Turn {
  return { sourceId: id.sourceId, incarnation: id.incarnation, ordinal };
}
