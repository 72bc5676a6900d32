/**
 * Every message between the six components. Each union is one actor's public inbox: commands are imperative, events
 * past tense. What an actor tells itself is in its own file.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Configuration } from "./task/configuration.js";
import type { NodeName, PipelineId, SourceId, StageId, TaskId } from "./task/identity.js";
import type { Pipeline } from "./task/pipeline.js";
import type { RoutingTable } from "./task/routing-table.js";
import type { StageResult } from "./task/service.js";
import type { Cursor, DropReason, DropRecord, Hop, Outcome, Pin, Task } from "./task/task.js";

// ── Controller: one per node, the router ────────────────────────────────────────────────────────────────────────────

export type ControllerMessage =
  /** A new task from a generator of this node, or one that another controller has `forwarded` here for its stage: the newest epoch that it was sent on by. */
  | { readonly type: "submit"; readonly task: Task; readonly forwarded?: number }
  /** From a local processor: `task` as it was handed over, and what the stage made of it. */
  | { readonly type: "stageCompleted"; readonly task: Task; readonly result: StageResult; readonly hop: Hop }
  | {
      readonly type: "stageDropped";
      readonly task: Task;
      readonly reason: DropReason;
      readonly detail: string;
    }
  /** A processor began anew and holds nothing: what it had been given is handed over again, in its new `life`. */
  | {
      readonly type: "processorStarted";
      readonly stage: StageKey;
      readonly processor: ActorRef<ProcessorMessage>;
      readonly life: number;
    }
  /** A processor cannot run at all (its model is missing or wrong): its stage has no place on this node. */
  | { readonly type: "processorFailed"; readonly stage: StageKey; readonly error: Error }
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
  /** The task was dropped somewhere: what is left of it ends here, and no stateful stage waits for it. */
  | {
      readonly type: "abandon";
      readonly id: TaskId;
      readonly delivery: number;
      readonly pipelineId: PipelineId;
      readonly pipelineVersion: number;
      readonly pins: ReadonlyMap<StageId, Pin>;
    }
  | { readonly type: "reportQueues"; readonly replyTo: ActorRef<QueuesReported> };

/** A stage of one version of a pipeline, across nodes. */
export interface StageKey {
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  readonly stage: StageId;
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
  /** Tasks waiting or running, by `pipeline/stage`. */
  readonly queued: Readonly<Record<string, number>>;
  /** Tasks waiting at joins. */
  readonly joining: number;
  /** What became of branches of tasks here so far. */
  readonly counts: FlowCounts;
}

/** What a node did with branches of tasks since its controller was first started; a repeated delivery counts again. */
export interface FlowCounts {
  /** From generators of this node. */
  readonly admitted: number;
  /** From other nodes: for a stage, or to meet other branches. */
  readonly received: number;
  /** To other nodes. */
  readonly forwarded: number;
  /** Stages done here. */
  readonly processed: number;
  /** Handed to the distributor as results. */
  readonly finished: number;
  /** Given up here, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

// ── Processor: one per stage per node ───────────────────────────────────────────────────────────────────────────────

export type ProcessorMessage =
  /** Run the stage; the answer goes to the controller as `stageCompleted` or `stageDropped`. */
  | {
      readonly type: "execute";
      readonly task: Task;
      readonly epoch: number;
      readonly attempt: number;
      /** When the task came to the stage on this node. */
      readonly enqueuedAtMs: number;
      /** Which of the processor's lives it is meant for: what was sent to an earlier one has been sent again. */
      readonly life: number;
    }
  /** The task with this place in the row of its source will not come. */
  | { readonly type: "skip"; readonly id: TaskId; readonly ordinal: number };

/** The supervisor of a node's processors. */
export type ProcessorsMessage =
  /** Start the processor of this stage unless it is there; it announces itself with `processorStarted`, each time anew. */
  | {
      readonly type: "ensureProcessor";
      readonly pipeline: Pipeline;
      readonly stage: StageId;
      readonly controller: ActorRef<ControllerMessage>;
    }
  /** No task will come any more: stop the processor of this stage and its worker. */
  | { readonly type: "retireProcessor"; readonly stage: StageKey };

// ── Generator: one per source ───────────────────────────────────────────────────────────────────────────────────────

export type GeneratorMessage =
  /**
   * Capture so from the next task on, let its joins wait at `joinNodes` and pin its stateful stages to `statefulNodes`;
   * the first one starts the capture.
   */
  | {
      readonly type: "configure";
      readonly configuration: Configuration;
      readonly epoch: number;
      readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
      readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
      /** Every node that may have a part in the source's tasks. */
      readonly placedOn: readonly NodeName[];
    }
  /** From the distributor: the task is stored durably, or its drop is. */
  | { readonly type: "taskSettled"; readonly id: TaskId; readonly outcome: Outcome }
  /** From its own node: another one is gone, with whatever it had; where it `left`, it has had the time to settle that. */
  | { readonly type: "nodeGone"; readonly node: NodeName; readonly left: boolean }
  | { readonly type: "nodeBack"; readonly node: NodeName }
  /** From its own node: a message with the task reached nobody. */
  | { readonly type: "undelivered"; readonly id: TaskId }
  /** Capture nothing more; end once every task is settled. */
  | { readonly type: "drain" }
  | { readonly type: "reportLedger"; readonly replyTo: ActorRef<LedgerReported> };

export interface LedgerReported {
  readonly type: "ledgerReported";
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Tasks that it made, or took over from a life before. */
  readonly created: number;
  readonly stored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Tasks outstanding, counted one by one, not derived. */
  readonly inFlight: number;
  /** Tasks that may be under way at once. */
  readonly window: number;
  /** Deliveries of tasks after their first one. */
  readonly redelivered: number;
  /** By incarnation, with the tasks in flight. */
  readonly accounts: readonly {
    readonly incarnation: number;
    readonly created: number;
    readonly outstanding: readonly number[];
  }[];
  /** Frames read from the source that no task was made of, by reason: the sampling, a partial last task. */
  readonly framesSkipped: number;
  readonly status: "waiting" | "replaying" | "capturing" | "reconnecting" | "draining" | "ended" | "failed";
}

/** What a node tells whoever runs it. */
export type NodeEvent =
  | SourceEvent
  /** A stage has no place on this node: its model is missing or wrong. */
  | {
      readonly type: "stageFailed";
      readonly node: NodeName;
      readonly stage: StageKey;
      readonly error: Error;
    };

/** What a source tells whoever started it. */
export type SourceEvent =
  | { readonly type: "sourceStarted"; readonly sourceId: SourceId; readonly description: string }
  | {
      readonly type: "sourceStalled";
      readonly sourceId: SourceId;
      readonly reason: "stalled" | "frozen";
      readonly attempt: number;
    }
  /** Every task is settled and the source is at its end, drained, or beyond mending. */
  | {
      readonly type: "sourceEnded";
      readonly sourceId: SourceId;
      readonly error: Error | null;
      /** The last one: nothing is in flight. */
      readonly ledger: LedgerReported;
    };

// ── Distributor: on the cloud, the store ────────────────────────────────────────────────────────────────────────────

export type DistributorMessage =
  | { readonly type: "store"; readonly task: Task }
  | { readonly type: "recordDrop"; readonly drop: DropRecord }
  /** Push every record from `fromPosition` on, then each new one; `subscriber` asks for more with `demand`. */
  | {
      readonly type: "subscribe";
      readonly subscriber: ActorRef<SubscriptionEvent>;
      readonly fromPosition: number;
      readonly sourceId?: SourceId;
      readonly demand: number;
    }
  | { readonly type: "demand"; readonly subscriber: ActorRef<SubscriptionEvent>; readonly count: number }
  | { readonly type: "unsubscribe"; readonly subscriber: ActorRef<SubscriptionEvent> }
  | { readonly type: "query"; readonly query: ResultQuery; readonly replyTo: ActorRef<QueryReply> }
  | { readonly type: "reportTotals"; readonly replyTo: ActorRef<TotalsReported> };

export interface ResultQuery {
  readonly sourceId?: SourceId;
  /** Stored at or after, ms since the Unix epoch. */
  readonly sinceMs?: number;
  /** Stored before. */
  readonly untilMs?: number;
  /** Of the records stored exactly at `sinceMs` only those behind this position: with both from a page's last record, the next page. */
  readonly afterPosition?: number;
  /** At most so many records, oldest first; default 1,000, at most 10,000. */
  readonly limit?: number;
}

/** One line of the store: a result or a gap, at a position that only grows. */
export type StoredRecord = StoredResult | StoredGap;

export interface StoredResult {
  readonly type: "result";
  readonly position: number;
  readonly id: TaskId;
  /** The delivery of the task that was stored; older stores have none. */
  readonly delivery?: number;
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  readonly configuration: Configuration;
  readonly frameCount: number;
  /** Presentation time of each frame in the source, in microseconds; older stores have none. */
  readonly framePtsUs?: readonly number[];
  /** When the first frame left the source. */
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly storedAtMs: number;
  readonly results: Readonly<Record<string, StageResult>>;
  readonly hops: readonly Hop[];
  readonly traceparent: string;
}

export interface StoredGap {
  readonly type: "gap";
  readonly position: number;
  readonly id: TaskId;
  readonly reason: DropReason;
  readonly stage: string | null;
  readonly node: NodeName;
  readonly sourceAtMs: number;
  readonly storedAtMs: number;
  readonly detail: string;
}

export type QueryReply =
  | { readonly type: "records"; readonly records: readonly StoredRecord[]; readonly more: boolean }
  | { readonly type: "queryFailed"; readonly error: Error };

export type SubscriptionEvent =
  | { readonly type: "record"; readonly record: StoredRecord }
  /** Older records were deleted by retention before they could be pushed. */
  | { readonly type: "recordsExpired"; readonly fromPosition: number; readonly toPosition: number }
  /** Nothing more comes: the store cannot be read, or too many are subscribed. */
  | { readonly type: "subscriptionFailed"; readonly error: Error };

export interface TotalsReported {
  readonly type: "totalsReported";
  /** Durable, by source, in this store since it was made. */
  readonly sources: Readonly<
    Record<
      string,
      { readonly stored: number; readonly dropped: Readonly<Partial<Record<DropReason, number>>> }
    >
  >;
  /** Tasks received and not yet durable. */
  readonly pending: number;
  /** Repeated deliveries that changed nothing, and of these the ones that claimed another outcome: the first one stands. */
  readonly duplicates: number;
  readonly contradictions: number;
  /** Deliveries left unacknowledged because too many were pending. */
  readonly refused: number;
}

// ── Scheduler: on the cloud, one policy per source ──────────────────────────────────────────────────────────────────

export type SchedulerMessage =
  | {
      readonly type: "registerNode";
      readonly node: NodeDescription;
      readonly controller: ActorRef<ControllerMessage>;
    }
  | { readonly type: "removeNode"; readonly node: NodeName }
  /** Decide for this source from now on. Where its policy is refused, it runs as before any table until one is set. */
  | {
      readonly type: "registerSource";
      readonly source: SourceDescription;
      readonly replyTo?: ActorRef<PolicyReply>;
    }
  /** Forget a source; where `node` is given, only one of that node. */
  | { readonly type: "removeSource"; readonly sourceId: SourceId; readonly node?: NodeName }
  /** Decide for `sourceId` by another policy from now on. */
  | {
      readonly type: "setPolicy";
      readonly sourceId: SourceId;
      readonly policy: PolicySpec;
      readonly replyTo?: ActorRef<PolicyReply>;
    }
  | { readonly type: "resourcesSampled"; readonly sample: ResourceSample }
  | { readonly type: "taskSettled"; readonly outcome: TaskOutcome }
  | TableInstalled
  | { readonly type: "reportTable"; readonly replyTo: ActorRef<TableReported> }
  | { readonly type: "reportNodes"; readonly replyTo: ActorRef<NodesReported> };

export interface NodesReported {
  readonly type: "nodesReported";
  readonly nodes: readonly {
    readonly description: NodeDescription;
    /** The newest; null before the first. */
    readonly sample: ResourceSample | null;
    readonly sampledAtMs: number;
  }[];
}

export interface NodeDescription {
  readonly name: NodeName;
  readonly role: "edge" | "cloud";
  /** Services that the node can run. */
  readonly services: readonly string[];
}

export interface SourceDescription {
  readonly id: SourceId;
  readonly node: NodeName;
  readonly pipeline: Pipeline;
  /** What the user asked for; policies may decide otherwise within it. */
  readonly configuration: Configuration;
  readonly policy: PolicySpec;
}

/** A policy by name and plain parameters. */
export interface PolicySpec {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type PolicyReply =
  | { readonly type: "policySet"; readonly sourceId: SourceId }
  | { readonly type: "policyRefused"; readonly sourceId: SourceId; readonly error: Error };

export interface TableReported {
  readonly type: "tableReported";
  readonly table: RoutingTable | null;
  /** Newest epoch each node has acknowledged. */
  readonly acknowledged: Readonly<Record<string, number>>;
  /** Why each source is decided as it is. */
  readonly explanations?: Readonly<Record<string, Explanation>>;
  readonly overhead?: DecisionOverhead;
}

/** Why a source was decided so: a sentence for people, and the inputs that decided. */
export interface Explanation {
  readonly reason: string;
  readonly inputs: Readonly<Record<string, string | number | boolean | null>>;
}

/** What deciding costs, in ms, over the last rounds and decisions. */
export interface DecisionOverhead {
  readonly rounds: number;
  readonly decisions: number;
  /** Decisions that a policy failed to make; the plan before it stayed. */
  readonly failures: number;
  readonly roundMs: { readonly p50: number; readonly p99: number };
  readonly decisionMs: { readonly p50: number; readonly p99: number };
}

/** What the scheduler tells whoever watches it. */
export type SchedulerEvent =
  | {
      readonly type: "tablePublished";
      readonly epoch: number;
      /** What set the decision off, for people. */
      readonly reason: string;
      /** Sources that were added, removed or decided otherwise. */
      readonly sources: readonly SourceId[];
    }
  | {
      readonly type: "tableAcknowledged";
      readonly epoch: number;
      readonly node: NodeName;
      /** Since this epoch was first sent to the node. */
      readonly afterMs: number;
    };

/** What a finished task teaches: no payload, no results. */
export interface TaskOutcome {
  readonly id: TaskId;
  readonly outcome: Outcome;
  /** Null of a drop, as its record does not say; its hops, frames and bytes are nought then. */
  readonly pipelineId: PipelineId | null;
  readonly hops: readonly Hop[];
  readonly frameCount: number;
  readonly payloadBytes: number;
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly settledAtMs: number;
  /** Detections over all frames of the last results. */
  readonly objects: number;
}

// ── Monitor: one per node ───────────────────────────────────────────────────────────────────────────────────────────

export type MonitorMessage =
  /** From another node's monitor: answer at once, for the round-trip time. */
  | { readonly type: "ping"; readonly sentAtMs: number; readonly replyTo: ActorRef<Pong> }
  | { readonly type: "watchLinks"; readonly peers: Readonly<Record<string, ActorRef<MonitorMessage>>> };

export interface Pong {
  readonly type: "pong";
  readonly node: NodeName;
  readonly sentAtMs: number;
}

export interface ResourceSample {
  readonly node: NodeName;
  readonly atMs: number;
  /** Share of the processors that this node may use that was busy since the last sample, 0 to 1. */
  readonly cpuShare: number;
  /** Processors that this node may use; a container's limit counts. */
  readonly cpuCount: number;
  readonly memoryUsedBytes: number;
  /** Of the machine or the container, whichever is less. */
  readonly memoryTotalBytes: number;
  /** Of this process. */
  readonly residentBytes: number;
  /** Longest stall of the event loop since the last sample, in ms. */
  readonly loopStallMs: number;
  readonly queued: Readonly<Record<string, number>>;
  /** Absent where the controller did not tell. */
  readonly counts?: FlowCounts;
  /** To each other node: round-trip time, and bandwidth where it is known. */
  readonly links: Readonly<Record<string, LinkSample>>;
}

export interface LinkSample {
  readonly rttMs: number;
  readonly bandwidthMbps: number | null;
}

// ── Agent: one per node, what an operator asks of it ────────────────────────────────────────────────────────────────

export type AgentMessage =
  /** Start a source here. */
  | {
      readonly type: "addSource";
      readonly definition: SourceRequest;
      readonly replyTo: ActorRef<AgentReply>;
    }
  /** Capture no more of it; answered once every task is settled. */
  | { readonly type: "drainSource"; readonly sourceId: SourceId; readonly replyTo: ActorRef<AgentReply> }
  | { readonly type: "reportSources"; readonly replyTo: ActorRef<SourcesReported> }
  /** Drain every source and leave the cluster. */
  | { readonly type: "drain"; readonly replyTo: ActorRef<AgentReply> }
  | { readonly type: "watchEvents"; readonly listener: ActorRef<NodeEvent> };

/** A source as an operator asks for it: text, read and checked by the node that is to run it. */
export interface SourceRequest {
  readonly id: string;
  /** `FILE`, `rtsp://...`, `http(s)://...`, `/dev/videoN` or `test:`, as seen from the node that runs it. */
  readonly source: string;
  /** Text of the pipeline file. */
  readonly pipeline: string;
  /** What to call it in errors. */
  readonly pipelineName: string;
  /** Over the configuration of the file, knob by knob. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Null for the file's. */
  readonly policy: PolicySpec | null;
  readonly paced: boolean;
  readonly limit: number | null;
}

export type AgentReply = { readonly type: "done" } | { readonly type: "refused"; readonly error: Error };

export interface SourcesReported {
  readonly type: "sourcesReported";
  readonly node: NodeName;
  readonly ledgers: readonly LedgerReported[];
}
