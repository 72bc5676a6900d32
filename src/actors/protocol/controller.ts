/** What the controller, the router of a node, receives and answers. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { NodeName, PipelineId, SourceId, StageId, TaskId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { FlowCounts } from "../../task/reports.js";
import type { RoutingTable } from "../../task/routing-table.js";
import type { Pin, Task } from "../../task/task.js";
import type { GeneratorMessage } from "./generator.js";
import type { ProcessorAnswer } from "./processor.js";

export type ControllerMessage =
  /**
   * A new task from a generator of this node, or one that another controller has `forwarded` here for its stage: the newest
   * epoch that it was sent on by. Where it comes straight from the node of the stage before, it says when it was sent.
   */
  | { readonly type: "submit"; readonly task: Task; readonly forwarded?: number; readonly sentAtMs?: number }
  | ProcessorAnswer
  /** An answer of a processor of this node for the task reached nobody: the task's next delivery is given to the stage again. */
  | { readonly type: "answerLost"; readonly task: Task; readonly variant?: string }
  /** From the scheduler (control lane). */
  | {
      readonly type: "installTable";
      readonly table: RoutingTable;
      readonly replyTo: ActorRef<TableInstalled>;
    }
  /** A generator of this node wants the configurations decided for its source, and the pipeline before any table has it. */
  | {
      readonly type: "attachGenerator";
      readonly sourceId: SourceId;
      readonly pipeline: Pipeline;
      readonly generator: ActorRef<GeneratorMessage>;
    }
  | { readonly type: "detachGenerator"; readonly sourceId: SourceId }
  /** From the cloud: the task was dropped somewhere. What is left of it ends here, and no stateful stage waits for it. */
  | {
      readonly type: "abandon";
      readonly id: TaskId;
      readonly delivery: number;
      readonly pipelineId: PipelineId;
      readonly pipelineVersion: number;
      readonly pins: ReadonlyMap<StageId, Pin>;
    }
  | { readonly type: "reportQueues"; readonly replyTo: ActorRef<QueuesReported> };

/** Where the controller of a node is found. */
export function controllerAddress(node: NodeName): string {
  return `sluice://${node}/controller`;
}

export type TableInstalled =
  | { readonly type: "tableInstalled"; readonly node: NodeName; readonly epoch: number }
  /** The node holds a newer table and keeps it. */
  | {
      readonly type: "tableRefused";
      readonly node: NodeName;
      readonly epoch: number;
      readonly heldEpoch: number;
      readonly heldTerm: number;
    };

export interface QueuesReported {
  readonly type: "queuesReported";
  readonly node: NodeName;
  readonly epoch: number;
  /** Sources that the newest table decides for, of all nodes. */
  readonly sources: number;
  /** Tasks waiting or running, by `pipeline/stage`. */
  readonly queued: Readonly<Record<string, number>>;
  /** Tasks waiting at joins. */
  readonly joining: number;
  /** Tasks waiting for a newer table. */
  readonly parked: number;
  /** What became of branches of tasks here so far. */
  readonly counts: FlowCounts;
}
