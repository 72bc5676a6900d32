/** A pipeline: the DAG of stages that every task of a source walks. */

import type { PipelineId, StageId } from "./identity.js";
import type { DataType } from "./service.js";
import { END, type Cursor } from "./task.js";
import { sameData } from "./same-data.js";

/** What a processor's queue does when it is full. `block` holds the sender back and drops nothing. */
export const QUEUE_POLICIES = ["block", "dropOldest", "dropNewest", "latestOnly"] as const;

/** What a stage's queue does when it is full. */
export type QueuePolicy = (typeof QUEUE_POLICIES)[number];

/** One of the ways to run a stage: a model, and the parameters that go with it. */
export interface Variant {
  readonly name: string;
  /** @see Stage.model */
  readonly model?: string;
  /** All of them, those that the variants share included. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A stage of a pipeline, checked and completed. */
export interface Stage {
  readonly id: StageId;
  readonly service: string;
  /** Stages whose results this one is given, all of them: more than one makes it a join. Empty: it starts the task. */
  readonly predecessors: readonly StageId[];
  readonly successors: readonly StageId[];
  readonly inputs: readonly DataType[];
  readonly output: DataType;
  readonly stateful: boolean;
  /** The file of the folder of models without which it runs nowhere; absent where it needs none. */
  readonly model?: string;
  /** Plain data handed to the service at load. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The ways to run it; model and parameters above are those of the first, unless `variant` says otherwise. Absent: one way only. */
  readonly variants?: readonly Variant[];
  /** Of a stage as it runs: which of its variants model and parameters are those of. @see stageAs */
  readonly variant?: string;
  readonly queue: { readonly policy: QueuePolicy; readonly capacity: number };
}

/** Immutable and valid by construction: acyclic, connected, typed. Stages stand in topological order. */
export interface Pipeline {
  readonly id: PipelineId;
  readonly version: number;
  readonly stages: readonly Stage[];
  /** How long a join waits for its last branch, in ms, before the task is dropped as `joinTimeout`. */
  readonly joinTimeoutMs: number;
  /** Age from creation at which a task is dropped as `deadline`, in ms; null for none. */
  readonly deadlineMs: number | null;
}

/** Whether two definitions are the same, also where one has come from another node. */
export function samePipeline(a: Pipeline, b: Pipeline): boolean {
  return sameData(a, b);
}

/** @throws RangeError where the pipeline has no such stage */
export function stageOf(pipeline: Pipeline, id: StageId): Stage {
  const stage = shapeOf(pipeline).stages.get(id);
  if (stage === undefined) throw new RangeError(`Pipeline "${pipeline.id}" has no stage "${id}"`);
  return stage;
}

export function hasStage(pipeline: Pipeline, id: StageId): boolean {
  return shapeOf(pipeline).stages.has(id);
}

/** Stages that start a task. */
export function rootStages(pipeline: Pipeline): readonly Stage[] {
  return shapeOf(pipeline).roots;
}

/** Stages that nothing comes after. */
export function leafStages(pipeline: Pipeline): readonly Stage[] {
  return shapeOf(pipeline).leaves;
}

/** Where branches meet: stages with more than one predecessor, and END where there are several leaves. */
export function joinCursors(pipeline: Pipeline): readonly Cursor[] {
  return shapeOf(pipeline).joins;
}

/** The stages whose branches arrive at `cursor`: a stage's predecessors, or the leaves at END. */
export function branchesInto(pipeline: Pipeline, cursor: Cursor): readonly StageId[] {
  return cursor === END ? shapeOf(pipeline).leafIds : stageOf(pipeline, cursor).predecessors;
}

/** Whether any stage from `cursor` on reads `frame`. */
export function readsFramesAhead(pipeline: Pipeline, cursor: Cursor): boolean {
  return cursor !== END && shapeOf(pipeline).readers.has(cursor);
}

/**
 * Whether the branch from `from` (null at the start) to `to` carries the pixels. Where stages need them from `to` on,
 * exactly one of the branches into it does, one that needs them on its way if there is one: so no more copies cross a
 * link than there are stages to bring them to.
 */
export function carriesFrames(pipeline: Pipeline, from: StageId | null, to: Cursor): boolean {
  return to !== END && shapeOf(pipeline).carriers.get(to) === from;
}

/** Whether a stage somewhere behind this one has state, and is to be given the tasks of a source in order. */
export function feedsState(pipeline: Pipeline, { id }: Pick<Stage, "id">): boolean {
  return shapeOf(pipeline).feeders.has(id);
}

/** What follows from the stages of a pipeline and is asked for at every hop. */
interface Shape {
  readonly stages: ReadonlyMap<StageId, Stage>;
  readonly roots: readonly Stage[];
  readonly leaves: readonly Stage[];
  readonly leafIds: readonly StageId[];
  readonly joins: readonly Cursor[];
  /** Stages from which on some stage reads frames. */
  readonly readers: ReadonlySet<StageId>;
  /** For each stage that is brought frames, the predecessor that brings them; null for the start of the task. */
  readonly carriers: ReadonlyMap<StageId, StageId | null>;
  /** Stages behind which some stage has state. */
  readonly feeders: ReadonlySet<StageId>;
}

const shapes = new WeakMap<Pipeline, Shape>();

function shapeOf(pipeline: Pipeline): Shape {
  let shape = shapes.get(pipeline);
  if (shape === undefined) {
    shape = computeShape(pipeline);
    shapes.set(pipeline, shape);
  }
  return shape;
}

function computeShape({ stages }: Pipeline): Shape {
  const leaves = stages.filter((stage) => stage.successors.length === 0);
  const joins: Cursor[] = stages.filter((stage) => stage.predecessors.length > 1).map((stage) => stage.id);
  if (leaves.length > 1) joins.push(END);

  const readsFrames = new Set(stages.filter(({ inputs }) => inputs.includes("frame")).map(({ id }) => id));
  const readers = new Set<StageId>();
  const brought = new Set(readsFrames);
  const carriers = new Map<StageId, StageId | null>();
  const feeders = new Set<StageId>();
  const stateful = new Set(stages.filter((stage) => stage.stateful).map(({ id }) => id));
  for (const stage of stages.toReversed()) {
    if (stage.successors.some((next) => stateful.has(next) || feeders.has(next))) feeders.add(stage.id);
    if (readsFrames.has(stage.id) || stage.successors.some((next) => readers.has(next)))
      readers.add(stage.id);
    if (!brought.has(stage.id)) continue;
    const carrier = stage.predecessors.find((id) => brought.has(id)) ?? stage.predecessors[0] ?? null;
    carriers.set(stage.id, carrier);
    if (carrier !== null) brought.add(carrier);
  }

  return {
    stages: new Map(stages.map((stage) => [stage.id, stage])),
    roots: stages.filter((stage) => stage.predecessors.length === 0),
    leaves,
    leafIds: leaves.map((stage) => stage.id),
    joins,
    readers,
    carriers,
    feeders,
  };
}
