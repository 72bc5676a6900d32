/**
 * How a task walks its pipeline: it starts as one branch at each root, and every stage done makes one branch for each
 * successor. Branches share what they carry; no pixel and no result is copied.
 */

import type { Configuration } from "./configuration.js";
import type { NodeName, StageId, TaskId } from "./identity.js";
import type { Payload } from "./payload.js";
import { carriesFrames, rootStages, stageOf, type Pipeline } from "./pipeline.js";
import type { StageResult } from "./service.js";
import { NO_VOUCHER } from "./voucher.js";
import { END, type Cursor, type FrameRange, type Hop, type Pin, type Task } from "./task.js";

export interface NewTask {
  readonly id: TaskId;
  readonly pipeline: Pipeline;
  readonly configuration: Configuration;
  readonly payload: Payload;
  /** Default: none, as of a live source. */
  readonly frames?: FrameRange;
  /** Of a live source: frames left out before it, behind the task before, as nothing moved in them. Absent: none. */
  readonly framesGated?: number;
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly origin: string;
  readonly traceparent: string;
  readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
  /** Default 1. */
  readonly delivery?: number;
  /** Default: none, so stateful stages run where the newest table says. */
  readonly pins?: ReadonlyMap<StageId, Pin>;
}

/** The branches that a new task starts as, one at each root of its pipeline; nobody has vouched for them yet. */
export function createTask(given: NewTask): readonly Task[] {
  const { pipeline, payload, createdAtMs } = given;
  const payloadBytes = payload.frames.reduce((bytes, { data }) => bytes + data.byteLength, 0);
  return rootStages(pipeline).map((root) => ({
    id: given.id,
    delivery: given.delivery ?? 1,
    pipelineId: pipeline.id,
    pipelineVersion: pipeline.version,
    cursor: root.id,
    cameFrom: null,
    configuration: given.configuration,
    payload: carriesFrames(pipeline, null, root.id) ? payload : null,
    frameCount: payload.frames.length,
    payloadBytes,
    framePtsUs: payload.frames.map((frame) => frame.ptsUs),
    ...(given.frames !== undefined && { frames: given.frames }),
    ...(given.framesGated !== undefined && { framesGated: given.framesGated }),
    results: new Map(),
    hops: [],
    joinNodes: given.joinNodes,
    pins: given.pins ?? new Map(),
    sourceAtMs: given.sourceAtMs,
    createdAtMs,
    deadlineAtMs: pipeline.deadlineMs === null ? null : createdAtMs + pipeline.deadlineMs,
    origin: given.origin,
    voucher: NO_VOUCHER,
    traceparent: given.traceparent,
  }));
}

/**
 * The branches that go on from a stage done: one for each successor, or one at END.
 *
 * Pixels go along no more branches than stages ahead need, and are gone where none does.
 *
 * @throws RangeError where the task's cursor is no stage of the pipeline
 */
export function completeStage(
  task: Task,
  pipeline: Pipeline,
  result: StageResult,
  hop: Hop,
): readonly Task[] {
  if (task.cursor === END) throw new RangeError(`Cannot complete a stage of a task at ${END}`);
  const stage = stageOf(pipeline, task.cursor);
  const results = new Map(task.results).set(stage.id, result);
  const hops = [...task.hops, hop];
  const goOn = (cursor: Cursor): Task => ({
    ...task,
    cursor,
    cameFrom: stage.id,
    payload: carriesFrames(pipeline, stage.id, cursor) ? task.payload : null,
    results,
    hops,
  });
  return stage.successors.length === 0 ? [goOn(END)] : stage.successors.map(goOn);
}
