/**
 * The tasks of a stage from their arrival to their answer: a bounded queue and, at a stateful stage, the order of each
 * source. A pure structure that is told the time.
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
  /** Ordinal that is missing. */
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

/** Tasks of one source that may be dropped elsewhere while one before them is under way; beyond it, gaps time out. */
const SKIPPED_MAX = 10_000;

export function createWaitingLine(
  stage: Pick<Stage, "queue" | "stateful">,
  limits: { readonly gapTimeoutMs: number; readonly sourcesMax: number },
): WaitingLine {
  const { gapTimeoutMs, sourcesMax } = limits;
  const orders = stage.stateful ? createSourceOrders({ sourcesMax, skippedMax: SKIPPED_MAX }) : null;
  return { queue: createTaskQueue(stage), orders, gaps: new Map(), gapTimeoutMs };
}

/** A task arrives; one that is here already changes nothing. Returns what has to go for it. */
export function joinLine(line: WaitingLine, entry: Entry, nowMs: number): readonly Overflow[] {
  const { queue } = line;
  if (holds(queue, entry.task)) return [];
  begin(line, turnOf(entry), entry.attempt + entry.task.delivery - 1);
  const overflow = enqueue(queue, entry);
  watchGap(line, entry.task.id.sourceId, nowMs);
  return overflow;
}

/** A task that had been taken waits again, before all others of its source. */
export function rejoinLine(line: WaitingLine, entry: Entry): void {
  putBack(line.queue, entry);
}

/** Takes the task whose turn it is. */
export function takeNext(line: WaitingLine, nowMs: number): Entry | undefined {
  const { queue, orders } = line;
  const next = () => take(queue, (waiting) => orders === null || isDue(orders, turnOf(waiting)));
  let entry = next();
  if (entry === undefined && queue.policy !== "block" && isFull(queue)) {
    // It takes in no missing task, and so waits for none.
    const [longest] = line.gaps.keys();
    if (longest !== undefined) giveUpGap(line, longest, nowMs);
    entry = next();
  }
  if (entry !== undefined && orders !== null) {
    giveOut(orders, turnOf(entry));
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
  if (outcome === "dropped") passOver(line, turnOf(entry), nowMs);
  else if (line.orders !== null) finish(line.orders, entry.task.id);
}

/** The task of this turn will not come. */
export function passOver(line: WaitingLine, turn: Turn, nowMs: number): void {
  if (line.orders === null) return;
  begin(line, turn, 1);
  skip(line.orders, turn);
  watchGap(line, turn.sourceId, nowMs);
}

/** Whether the service, as it lives, has last seen the task before this one; `continued` where it has no state. */
export function continuityIn(line: WaitingLine, { task }: Entry): "continued" | "restarted" {
  return line.orders === null ? "continued" : continuityOf(line.orders, task.id);
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

/** Where the row of a source that is not known (any more) begins: what came before this stage had it is not waited for. */
function begin({ queue, orders }: WaitingLine, turn: Turn, attempt: number): void {
  if (orders === null || isKnown(orders, turn.sourceId)) return;
  // It was given to this stage in an earlier life or delivery, or more are missing than may well be late.
  if (attempt > 1 || turn.ordinal > queue.capacity) giveUpBefore(orders, turn);
}

function giveUpGap(line: WaitingLine, sourceId: SourceId, nowMs: number): void {
  const first = firstOf(line.queue, sourceId);
  if (first !== undefined && line.orders !== null) giveUpBefore(line.orders, turnOf(first));
  watchGap(line, sourceId, nowMs);
}

/** Begins, keeps or ends the wait of a source's first task. */
function watchGap(
  { queue, orders, gaps, gapTimeoutMs }: WaitingLine,
  sourceId: SourceId,
  nowMs: number,
): void {
  if (orders === null) return;
  const first = firstOf(queue, sourceId);
  const awaited = first === undefined ? null : missingBefore(orders, turnOf(first));
  if (awaited !== null && gaps.get(sourceId)?.awaited === awaited) return;
  gaps.delete(sourceId);
  if (awaited !== null) gaps.set(sourceId, { awaited, untilMs: nowMs + gapTimeoutMs });
}

function turnOf({ task: { id }, ordinal }: Entry): Turn {
  return { sourceId: id.sourceId, incarnation: id.incarnation, ordinal };
}
