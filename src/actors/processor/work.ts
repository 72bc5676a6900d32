/** One run of a stage on a worker: what the service is given of a task, and what the processor answers of the run. */

import type { NodeName } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { ServiceDeclaration, StageResult } from "../../task/service.js";
import type { Hop } from "../../task/task.js";
import type { Entry } from "./source-lanes.js";
import type { Job, WorkerSpec } from "./worker-port.js";

/** A task on a worker. */
export interface Work {
  readonly entry: Entry;
  /** By the monotonic clock, as that of the entry is. */
  readonly startedAtMs: number;
  readonly continuity: "continued" | "restarted";
}

export function readsFrames({ inputs }: Stage): boolean {
  return inputs.includes("frame");
}

/** Which of its variants a stage is, as far as it has any. */
export function variantOf({ variant }: Stage): Pick<Hop, "variant"> {
  return variant === undefined ? {} : { variant };
}

/** What a worker of the stage is made for. */
export function specOf(
  { id, model, parameters, output, stateful }: Stage,
  { module }: ServiceDeclaration,
  modelDir: string | null,
): WorkerSpec {
  return { name: id, module, parameters, modelDir, ...(model !== undefined && { model }), output, stateful };
}

/** The pixels, as far as the stage reads them, and the results of its predecessors. */
export function jobOf({ entry: { task }, continuity }: Work, stage: Stage): Job {
  const previous = new Map<string, StageResult>();
  for (const predecessor of stage.predecessors) {
    const result = task.results.get(predecessor);
    if (result !== undefined) previous.set(predecessor, result);
  }
  const { id, frameCount, framePtsUs } = task;
  return {
    sourceId: id.sourceId,
    incarnation: id.incarnation,
    sequence: id.sequence,
    frameCount,
    framePtsUs,
    previous,
    continuity,
    payload: readsFrames(stage) ? task.payload : null,
  };
}

/** The result as the task carries it on: that of a stateful stage says whether it followed its predecessor. */
export function resultOf({ continuity }: Work, returned: StageResult, { stateful }: Stage): StageResult {
  if (!stateful) return returned;
  // A service may know of a break that the processor does not: it forgets idle sources, too.
  const broken = continuity === "restarted" || returned.continuity === "restarted";
  return { ...returned, continuity: broken ? "restarted" : "continued" };
}

/** The times of one hop are of one clock, also where it was set while the stage ran. */
export function hopOf(
  { entry, startedAtMs }: Work,
  ran: {
    readonly stage: Stage;
    /** SHA-256; null where the stage has no model. */
    readonly model: string | null;
    readonly node: NodeName;
    readonly endedAtMs: number;
    /** By what the clock is ahead of the monotonic one. */
    readonly epochMs: number;
  },
): Hop {
  const { task, epoch, attempt, enqueuedAtMs, sentAtMs } = entry;
  return {
    stage: ran.stage.id,
    ...variantOf(ran.stage),
    ...(ran.model !== null && { model: ran.model }),
    node: ran.node,
    epoch,
    attempt,
    delivery: task.delivery,
    ...(sentAtMs !== undefined && { sentAtMs }),
    enqueuedAtMs: ran.epochMs + enqueuedAtMs,
    startedAtMs: ran.epochMs + startedAtMs,
    endedAtMs: ran.epochMs + ran.endedAtMs,
  };
}
