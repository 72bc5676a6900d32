/**
 * The tasks of a stage from their arrival to their answer: a bounded queue and, at a stateful stage, the order of each
 * source. A pure structure that is told the time.
 */

import type { SourceId, TaskId } from "../task/identity.js";
import type { Stage } from "../task/pipeline.js";
import {
  continuityOf,
  createSourceOrders,
  finish,
  giveOut,
  giveUpBefore,
  isDue,
  loseState,
  missingBefore,
  skip,
  type SourceOrders,
} from "./source-order.js";
import {
  createTaskQueue,
  enqueue,
  firstOf,
  holds,
  isFull,
  putBack,
  release,
  take,
  takeAll,
  type Entry,
  type Overflow,
  type TaskQueue,
} from "./task-queue.js";

interface Gap {
  /** Sequence that is missing. */
  readonly awaited: number;
  /** When it is waited for no more. */
  readonly untilMs: number;
}

export interface WaitingLine {
  readonly queue: TaskQueue;
  /** Null at a stage without state. */
  readonly orders: SourceOrders | null;
  /** Sources whose first task waits for one before it. */
  readonly gaps: Map<SourceId, Gap>;
  readonly gapTimeoutMs: number;
}

export type Joined =
  | { readonly status: "queued"; readonly overflow: readonly Overflow[] }
  | { readonly status: "refused" }
  /** It is here already. */
  | { readonly status: "duplicate" };

export function createWaitingLine(
  stage: Pick<Stage, "queue" | "stateful">,
  limits: { readonly gapTimeoutMs: number; readonly sourcesMax: number },
): WaitingLine {
  const { gapTimeoutMs, sourcesMax } = limits;
  // Behind a gap wait no more tasks than the queue holds, so no more skips than that can matter to them.
  const orders = stage.stateful ? createSourceOrders({ sourcesMax, skippedMax: stage.queue.capacity }) : null;
  return { queue: createTaskQueue(stage), orders, gaps: new Map(), gapTimeoutMs };
}

/** A task arrives. */
export function joinLine(line: WaitingLine, entry: Entry, nowMs: number): Joined {
  const { queue } = line;
  const { task } = entry;
  if (holds(queue, task)) return { status: "duplicate" };
  if (queue.policy === "block" && isFull(queue)) return { status: "refused" };
  const overflow = enqueue(queue, entry);
  watchGap(line, task.id.sourceId, nowMs);
  return { status: "queued", overflow };
}

/** A task that had been taken waits again, before all others of its source. */
export function rejoinLine(line: WaitingLine, entry: Entry): void {
  putBack(line.queue, entry);
}

/** Takes the task whose turn it is. */
export function takeNext(line: WaitingLine, nowMs: number): Entry | undefined {
  const { queue, orders } = line;
  const next = () => take(queue, ({ task }) => orders === null || isDue(orders, task.id));
  let entry = next();
  if (entry === undefined && isFull(queue)) {
    // It takes in no missing task, and so waits for none.
    const [longest] = line.gaps.keys();
    if (longest !== undefined) giveUpGap(line, longest, nowMs);
    entry = next();
  }
  if (entry !== undefined && orders !== null) {
    giveOut(orders, entry.task.id);
    watchGap(line, entry.task.id.sourceId, nowMs);
  }
  return entry;
}

/** The task was answered for, and may come again. */
export function settleTask(
  line: WaitingLine,
  entry: Entry,
  outcome: "completed" | "dropped",
  nowMs: number,
): void {
  release(line.queue, entry);
  if (outcome === "dropped") passOver(line, entry.task.id, nowMs);
  else if (line.orders !== null) finish(line.orders, entry.task.id);
}

/** The task will not come. */
export function passOver(line: WaitingLine, id: TaskId, nowMs: number): void {
  if (line.orders === null) return;
  skip(line.orders, id);
  watchGap(line, id.sourceId, nowMs);
}

/** Whether the service, as it lives, has last seen the task before this one; `continued` where it has no state. */
export function continuityIn(line: WaitingLine, id: TaskId): "continued" | "restarted" {
  return line.orders === null ? "continued" : continuityOf(line.orders, id);
}

/** The worker is gone, and with it what the service knew. */
export function forgetState(line: WaitingLine): void {
  if (line.orders !== null) loseState(line.orders);
}

/** Empties the line of what waits. */
export function clearLine(line: WaitingLine): readonly Entry[] {
  line.gaps.clear();
  return takeAll(line.queue);
}

/** Waits no more for what has been waited for long enough. */
export function giveUpGaps(line: WaitingLine, nowMs: number): void {
  for (const [sourceId, gap] of line.gaps) if (gap.untilMs <= nowMs) giveUpGap(line, sourceId, nowMs);
}

/** When the next gap is to be given up, in ms since the Unix epoch; null where nothing is waited for. */
export function nextGapAtMs(line: WaitingLine): number | null {
  let atMs: number | null = null;
  for (const { untilMs } of line.gaps.values()) atMs = Math.min(atMs ?? untilMs, untilMs);
  return atMs;
}

function giveUpGap(line: WaitingLine, sourceId: SourceId, nowMs: number): void {
  const first = firstOf(line.queue, sourceId);
  if (first !== undefined && line.orders !== null) giveUpBefore(line.orders, first.task.id);
  watchGap(line, sourceId, nowMs);
}

/** Begins, keeps or ends the wait of a source's first task. */
function watchGap(
  { queue, orders, gaps, gapTimeoutMs }: WaitingLine,
  sourceId: SourceId,
  nowMs: number,
): void {
  if (orders === null) return;
  const id = firstOf(queue, sourceId)?.task.id;
  const missing = id === undefined ? 0 : missingBefore(orders, id);
  // More than the queue could hold are not late, they went another way: to another node, or before our time.
  if (id !== undefined && missing > queue.capacity) giveUpBefore(orders, id);
  if (id === undefined || missing === 0 || missing > queue.capacity) gaps.delete(sourceId);
  else if (gaps.get(sourceId)?.awaited !== id.sequence - missing) {
    gaps.delete(sourceId);
    gaps.set(sourceId, { awaited: id.sequence - missing, untilMs: nowMs + gapTimeoutMs });
  }
}
