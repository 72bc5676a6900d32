/** What a processor and the supervisor of a node's processors receive, and what a processor answers. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { SourceId, StageId, StageKey, TaskId } from "../../task/identity.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { StageResult } from "../../task/service.js";
import type { DropReason, Hop, OutageTimes, Task } from "../../task/task.js";

export type ProcessorMessage =
  /** Run the stage; the answer goes to the controller as `stageCompleted` or `stageDropped`. */
  | {
      readonly type: "execute";
      readonly task: Task;
      readonly epoch: number;
      readonly attempt: number;
      /** When the task came to the stage on this node, by its monotonic clock. */
      readonly enqueuedAtMs: number;
      /** When the node before sent it, ms since the Unix epoch; absent where none did. */
      readonly sentAtMs?: number;
      /** The incarnation of the processor that it is meant for: what was sent to an earlier one has been sent again. */
      readonly incarnation: number;
    }
  /** The task at this position among those of its source will not come. */
  | { readonly type: "skip"; readonly id: TaskId; readonly ordinal: number }
  /** Drop what waits of this source, as `flushed`; what a worker has ends. */
  | { readonly type: "flush"; readonly sourceId: SourceId; readonly detail: string };

/** The supervisor of a node's processors. */
export type ProcessorsMessage =
  /** Start the processor of this stage unless it is there; it announces itself with `processorStarted` at every start. */
  | {
      readonly type: "ensureProcessor";
      readonly pipeline: Pipeline;
      readonly stage: StageId;
      /** Which of its variants; absent of a stage that has none. */
      readonly variant?: string;
      readonly controller: ActorRef<ProcessorAnswer>;
    }
  /** No task will come any more: stop the processor of this stage and its worker. */
  | { readonly type: "retireProcessor"; readonly stage: StageKey };

/** What a processor answers to the controller of its node. */
export type ProcessorAnswer =
  /** From a local processor: `task` as it was given, and what the stage made of it. */
  | { readonly type: "stageCompleted"; readonly task: Task; readonly result: StageResult; readonly hop: Hop }
  | {
      readonly type: "stageDropped";
      readonly task: Task;
      /** Of the stage that had it, where it has several. */
      readonly variant?: string;
      readonly reason: DropReason;
      readonly detail: string;
      /** Of an outage alone, which a generator says of a task that it never made. */
      readonly outage?: OutageTimes;
    }
  /** A processor has started, and holds nothing: what it had been given is given again, under its new incarnation. */
  | {
      readonly type: "processorStarted";
      readonly stage: StageKey;
      readonly processor: ActorRef<ProcessorMessage>;
      readonly incarnation: number;
    }
  /** The stage is loaded: a task that comes now is run. Once for each start. */
  | { readonly type: "processorLoaded"; readonly stage: StageKey; readonly incarnation: number }
  /** Which version of its model the stage runs from now on, or which other one it has refused. */
  | { readonly type: "modelChanged"; readonly incarnation: number; readonly model: ModelInUse }
  /** A processor cannot run at all (its model is missing or wrong), and answers for no task that it had: its stage has no place on this node. */
  | { readonly type: "processorFailed"; readonly stage: StageKey; readonly error: Error };
