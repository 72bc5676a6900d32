/** What a controller is given and knows: everything that its functions work on. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import type { MemoryBudget } from "../../runtime/memory-budget.js";
import { controllerAddress, type ControllerMessage } from "../protocol/controller.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import type { GeneratorMessage, NodeEvent } from "../protocol/generator.js";
import type { ProcessorsMessage } from "../protocol/processor.js";
import type { SchedulerMessage } from "../protocol/scheduler.js";
import type { FlowCounts } from "../../task/reports.js";
import { pipelineKeyText, type NodeName, type SourceId, type StageKey } from "../../task/identity.js";
import { FairRoom } from "../../task/fair-room.js";
import { TaskRoom } from "../../task/task-room.js";
import { createJoins, type Joins } from "../../task/join.js";
import type { StageNeeds } from "../../task/offers.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { RoutingTable } from "../../task/routing-table.js";
import type { DropReason, Task } from "../../task/task.js";
import type { StageInbox } from "./stage-inbox.js";

/** What the controller sends itself: time to look for what is overdue. */
type Private = { readonly type: "tick" };
export type Message = ControllerMessage | Private;
export type MessageOf<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;

interface AttachedGenerator {
  readonly pipeline: Pipeline;
  readonly generator: ActorRef<GeneratorMessage>;
}

/** A stage whose service could not be loaded here: it has no place here until it is tried again. */
export interface FailedStage {
  readonly key: StageKey;
  readonly error: Error;
  /** In a row. */
  readonly failures: number;
  readonly retryAtMs: number;
  /** Of the table under which it failed: the next one may know another place. */
  readonly epoch: number;
}

export interface ParkedTask {
  readonly task: Task;
  readonly untilMs: number;
  /** What it is dropped for where no table comes that helps. */
  readonly otherwise: { readonly reason: DropReason; readonly detail: string };
}

/** What survives a restart of the controller, so that a fault in one message loses no other task. */
export interface ControllerRetained {
  table: RoutingTable | null;
  readonly generators: Map<SourceId, AttachedGenerator>;
  /** Every pipeline that a table or a generator of this node has named and that is still of use, by `id@version`. */
  readonly pipelines: Map<string, Pipeline>;
  /** By `pipeline@version/stage`. */
  readonly inboxes: Map<string, StageInbox>;
  /** The stages that the table deploys here, or routes here before any other node, by the same name. */
  placedHere: ReadonlySet<string>;
  /** Whether the scheduler is to be told what is loaded here. */
  loadedChanged: boolean;
  /** Stages that could not be loaded here, by the same name. */
  readonly failed: Map<string, FailedStage>;
  readonly joins: Joins;
  /** Tasks that wait for a table to say where they go, by arrival. */
  readonly parked: ParkedTask[];
  readonly parkRoom: FairRoom<Task>;
  /** What all of these hold of other nodes' tasks, and stateful stages remember of them. */
  readonly bytes: TaskRoom;
  readonly counts: { -readonly [Name in keyof FlowCounts]: FlowCounts[Name] };
}

export interface ControllerOptions {
  readonly node: NodeName;
  /** Where the distributor is, where joins of all leaves meet, and the last resort of routing. */
  readonly cloud: NodeName;
  /** Whether this node can load what a stage runs, as far as it knows without trying. */
  readonly offers: (stage: StageNeeds) => boolean;
  readonly scheduler: ActorRef<SchedulerMessage>;
  readonly processors: ActorRef<ProcessorsMessage>;
  readonly distributor: ActorRef<DistributorMessage>;
  readonly listener: ActorRef<NodeEvent> | null;
  /** Whether another node can be sent anything now. Default: every one can. */
  readonly reachable?: (node: NodeName) => boolean;
  /** Whether `node` vouches for the task and has its source, as far as this node can tell. Default: it does. */
  readonly vouched?: (node: NodeName, task: Task) => boolean;
  readonly limits?: Partial<ControllerLimits>;
  /** Of the node: what other nodes' tasks hold here is a part of it. Default: it is no part of anything. */
  readonly memory?: MemoryBudget;
}

/** Each of these bounds is shared by the nodes whose tasks they are: none takes it all. @see FairRoom */
export interface ControllerLimits {
  /** Tasks of one stage, waiting or in flight. Default 4,096. */
  readonly stageTasksMax: number;
  /** Tasks waiting at joins. Default 16,384. */
  readonly joinTasksMax: number;
  /** Tasks waiting for the table that has their pipeline. Default 1,024. */
  readonly parkTasksMax: number;
  /** What tasks of other nodes hold that wait at joins, at stages or for a table, in bytes. Default 192 MiB. */
  readonly waitingBytesMax: number;
  /** How long they wait, in ms. Default 5,000. */
  readonly parkMs: number;
  /** How long a stage stays loaded that no table places here any more, after its last task, in ms. Default 30,000. */
  readonly stageHoldMs: number;
  /** How often joins and parked tasks are looked at for what is overdue, in ms. Default 250. */
  readonly tickMs: number;
}

export const DEFAULT_LIMITS: ControllerLimits = {
  stageTasksMax: 4_096,
  joinTasksMax: 16_384,
  parkTasksMax: 1_024,
  // Half of what other nodes can make a node hold at all.
  waitingBytesMax: 192 * 1024 * 1024,
  parkMs: 5_000,
  stageHoldMs: 30_000,
  tickMs: 250,
};

/**
 * @param node whose own tasks their sources bound. Default: all count
 * @param memory of the node. Default: they count for themselves
 */
export function createControllerRetained(
  {
    joinTasksMax = DEFAULT_LIMITS.joinTasksMax,
    parkTasksMax = DEFAULT_LIMITS.parkTasksMax,
    waitingBytesMax = DEFAULT_LIMITS.waitingBytesMax,
  }: Partial<ControllerLimits> = {},
  node: NodeName | null = null,
  memory: MemoryBudget | null = null,
): ControllerRetained {
  const bytes = new TaskRoom(waitingBytesMax, node, memory);
  return {
    table: null,
    generators: new Map(),
    pipelines: new Map(),
    inboxes: new Map(),
    placedHere: new Set(),
    loadedChanged: false,
    failed: new Map(),
    joins: createJoins({ tasksMax: joinTasksMax }, bytes),
    parked: [],
    parkRoom: new FairRoom(parkTasksMax),
    bytes,
    counts: {
      admitted: 0,
      received: 0,
      forwarded: 0,
      processed: 0,
      finished: 0,
      dropped: {},
      loaded: 0,
      unloaded: 0,
    },
  };
}

/** One incarnation of the controller: what it was given, what it knows, and its way to the world. */
export interface Router extends ControllerOptions {
  readonly retained: ControllerRetained;
  readonly limits: ControllerLimits;
  readonly ctx: Context<Message>;
}

export function controllerOf({ ctx }: Router, node: NodeName): ActorRef<ControllerMessage> {
  return ctx.resolve(controllerAddress(node));
}

/** The pipeline that a task walks, as long as this node has a use for it. */
export function pipelineOf(
  { retained }: Router,
  { pipelineId, pipelineVersion }: Pick<Task, "pipelineId" | "pipelineVersion">,
): Pipeline | undefined {
  return retained.pipelines.get(pipelineKeyText(pipelineId, pipelineVersion));
}
