/** Settled tasks on their way to the store: what is kept of a task or a drop, without the pixels. */

import { assertNever } from "../../runtime/errors.js";
import type { TaskOutcome } from "../../task/reports.js";
import { sceneOf, type Scene } from "../../task/scene.js";
import type { StageResult } from "../../task/service.js";
import type { Closing, DropRecord, Outcome, Task } from "../../task/task.js";
import { outcomeOf, type NewRecord } from "../../storage/results/store.js";

export interface PendingRecord {
  /** `storedAtMs` is set when the batch is handed to the store. */
  readonly record: NewRecord;
  /** Address of the generator to notify; of a repeated delivery the newest one, whose generator took over. Null: nobody waits for it. */
  origin: string | null;
  readonly payloadBytes: number;
  /** Null of what is no result. */
  readonly scene: Scene | null;
  /** Bytes on disk, estimated. */
  readonly bytes: number;
}

/** JSON of a detection, a hop and of all else in a record, measured on the records of the default pipeline. */
const DETECTION_BYTES = 160;
const HOP_BYTES = 150;
const RECORD_BYTES = 600;

export function pendingTask(task: Task): PendingRecord {
  const {
    id,
    delivery,
    pipelineId,
    pipelineVersion,
    configuration,
    frameCount,
    framePtsUs,
    frames,
    framesGated,
    sourceAtMs,
    createdAtMs,
    hops,
    traceparent,
  } = task;
  let detections = 0;
  for (const result of task.results.values()) detections += countDetections(result);
  const last = hops.at(-1);
  const lastResult = last === undefined ? undefined : task.results.get(last.stage);
  return {
    record: {
      type: "result",
      id,
      delivery,
      pipelineId,
      pipelineVersion,
      configuration,
      frameCount,
      framePtsUs,
      ...(frames !== undefined && { frames }),
      ...(framesGated !== undefined && { framesGated }),
      sourceAtMs,
      createdAtMs,
      storedAtMs: 0,
      results: Object.fromEntries(task.results),
      hops,
      traceparent,
    },
    origin: task.origin,
    payloadBytes: task.payloadBytes,
    scene: sceneOf(lastResult, task.results.values(), framePtsUs),
    bytes: RECORD_BYTES + hops.length * HOP_BYTES + detections * DETECTION_BYTES,
  };
}

export function pendingDrop(drop: DropRecord): PendingRecord {
  const { id, reason, stage, node, sourceAtMs, detail, frames, outage, origin } = drop;
  return {
    record: {
      type: "gap",
      id,
      reason,
      stage,
      node,
      sourceAtMs,
      storedAtMs: 0,
      detail,
      ...(frames !== undefined && { frames }),
      ...(outage !== undefined && { outage }),
    },
    origin,
    payloadBytes: 0,
    scene: null,
    bytes: RECORD_BYTES,
  };
}

export function pendingClosing({ id, end, counts, origin }: Closing): PendingRecord {
  return {
    record: { type: "closed", id, end, counts, storedAtMs: 0 },
    origin,
    payloadBytes: 0,
    scene: null,
    bytes: RECORD_BYTES,
  };
}

/** Of the distributor's own: no generator is told. */
export function sealRecord(record: NewRecord): PendingRecord {
  return { record, origin: null, payloadBytes: 0, scene: null, bytes: RECORD_BYTES };
}

/** What the scheduler learns of a task whose record is durable; null of what is no task. */
export function taskOutcome(pending: PendingRecord, settledAtMs: number): TaskOutcome | null {
  const { record, payloadBytes, scene } = pending;
  if (record.type === "closed") return null;
  const { id, sourceAtMs } = record;
  const common = { id, outcome: outcomeOf(record), sourceAtMs, settledAtMs, payloadBytes, scene };
  switch (record.type) {
    case "result": {
      const { pipelineId, pipelineVersion, configuration, delivery, hops, frameCount, createdAtMs } = record;
      const framesGated = record.frames?.gated ?? record.framesGated;
      const made = { pipelineId, pipelineVersion, configuration, delivery };
      return {
        ...common,
        ...made,
        hops,
        frameCount,
        createdAtMs,
        ...(framesGated !== undefined && { framesGated }),
      };
    }
    case "gap":
      return {
        ...common,
        pipelineId: null,
        pipelineVersion: null,
        configuration: null,
        delivery: null,
        hops: [],
        frameCount: 0,
        createdAtMs: sourceAtMs,
      };
    default:
      return assertNever(record);
  }
}

export function sameOutcome(a: Outcome, b: Outcome): boolean {
  return a.status === "dropped" ? b.status === "dropped" && a.reason === b.reason : b.status === "stored";
}

function countDetections(result: StageResult): number {
  return result.frames.reduce((sum, detections) => sum + detections.length, 0);
}
