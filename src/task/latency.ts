/**
 * Where a task's time went. Latency has one definition, source timestamp to stored, and its parts add up: along the
 * critical path, capture, transfer, queue and execute of each stage, delivery and store are the whole of it.
 *
 * Times are taken as they are. On clocks that differ a part may be negative; the sum is right all the same.
 */

import type { StageId } from "./identity.js";
import { branchesInto, type Pipeline } from "./pipeline.js";
import { END, type Cursor, type Hop } from "./task.js";

/** In ms. */
interface StageLatency {
  /** From the end of the last predecessor (at the start: the task's creation) to the stage's queue, joins included. */
  readonly transferMs: number;
  readonly queueMs: number;
  readonly executeMs: number;
}

export interface Latency {
  /** Source timestamp to stored. */
  readonly totalMs: number;
  /** Source timestamp to the task's creation. */
  readonly captureMs: number;
  /** By stage, in the order of the pipeline; a stage without a hop is not in it. */
  readonly stages: ReadonlyMap<StageId, StageLatency>;
  /** The stages that each waited for the one before and made the task as late as it was, first to last. */
  readonly criticalPath: readonly StageId[];
  /** End of the last stage to the distributor; 0 where its arrival is not known, and `storeMs` has it. */
  readonly deliveryMs: number;
  readonly storeMs: number;
}

/** ms since the Unix epoch. */
export interface TaskTimes {
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  /** At the distributor. */
  readonly arrivedAtMs?: number;
  readonly storedAtMs: number;
}

/** Splits the latency of a stored task. A stage without a hop takes no time: it ends when its predecessors do. */
export function breakdown(pipeline: Pipeline, hops: readonly Hop[], times: TaskTimes): Latency {
  const { sourceAtMs, createdAtMs, storedAtMs } = times;
  const hopOf = new Map(hops.map((hop) => [hop.stage, hop]));
  const endOf = new Map<StageId, number>();
  const stages = new Map<StageId, StageLatency>();

  const lastInto = (cursor: Cursor): StageId | undefined => {
    let last: StageId | undefined;
    for (const stage of branchesInto(pipeline, cursor)) {
      if (last === undefined || (endOf.get(stage) ?? 0) > (endOf.get(last) ?? 0)) last = stage;
    }
    return last;
  };
  const readyAtMs = (cursor: Cursor): number => {
    const last = lastInto(cursor);
    return last === undefined ? createdAtMs : (endOf.get(last) ?? createdAtMs);
  };

  for (const { id } of pipeline.stages) {
    const hop = hopOf.get(id);
    const readyMs = readyAtMs(id);
    endOf.set(id, hop?.endedAtMs ?? readyMs);
    if (hop === undefined) continue;
    stages.set(id, {
      transferMs: hop.enqueuedAtMs - readyMs,
      queueMs: hop.startedAtMs - hop.enqueuedAtMs,
      executeMs: hop.endedAtMs - hop.startedAtMs,
    });
  }

  const criticalPath: StageId[] = [];
  for (let stage = lastInto(END); stage !== undefined; stage = lastInto(stage)) {
    if (stages.has(stage)) criticalPath.unshift(stage);
  }
  const doneAtMs = readyAtMs(END);
  const { arrivedAtMs = doneAtMs } = times;
  return {
    totalMs: storedAtMs - sourceAtMs,
    captureMs: createdAtMs - sourceAtMs,
    stages,
    criticalPath,
    deliveryMs: arrivedAtMs - doneAtMs,
    storeMs: storedAtMs - arrivedAtMs,
  };
}
