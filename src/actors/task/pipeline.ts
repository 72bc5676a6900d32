/** A pipeline: the DAG of stages that every task of a source walks. */

import type { DataType } from "./service.js";
import type { PipelineId, StageId } from "./identity.js";

/** What a processor's queue does when it is full. `block` holds the sender back and drops nothing. */
export type QueuePolicy = "block" | "dropOldest" | "dropNewest" | "latestOnly";

export interface Stage {
  readonly id: StageId;
  readonly service: string;
  /** Stages whose results this one is given, all of them: more than one makes it a join. Empty: it starts the task. */
  readonly predecessors: readonly StageId[];
  readonly successors: readonly StageId[];
  readonly inputs: readonly DataType[];
  readonly output: DataType;
  readonly stateful: boolean;
  /** Plain data handed to the service at load. */
  readonly parameters: Readonly<Record<string, unknown>>;
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
