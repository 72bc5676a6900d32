/** What the scheduler receives, answers and tells whoever watches it. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName, PipelineId, SourceId, StageKey } from "../../task/identity.js";
import type { FenceReport } from "../../scheduling/fences.js";
import type { Hosting, HostingReport } from "../../task/hosting.js";
import type { NativeVideo } from "../../task/native-video.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { ModelFile, StageFailure } from "../../task/offers.js";
import type { PlanChange, ShadowReport, ResourceSample, SourceReport } from "../../task/reports.js";
import type {
  Explanation,
  NodeDescription,
  PolicyParameter,
  PolicySpec,
  SourceDescription,
  SourceRequest,
} from "../../task/requests.js";
import type { RoutingTable } from "../../task/routing-table.js";
import type { ControllerMessage, TableInstalled } from "./controller.js";
import type { TaskSettled } from "./distributor.js";

export type SchedulerMessage =
  | {
      readonly type: "registerNode";
      readonly node: NodeDescription;
      readonly controller: ActorRef<ControllerMessage>;
    }
  | {
      readonly type: "removeNode";
      readonly node: NodeName;
      /** From its own node: its process is gone, or has left. Else it takes nothing new, and ends what it has. */
      readonly gone?: boolean;
    }
  /** Decide for this source from now on. Where its policy is refused, it runs as before any table until one is set. */
  | {
      readonly type: "registerSource";
      readonly source: SourceDescription;
      /** It is started now, so its policy must make sense for the nodes that there are. Else a node that is missing may come yet. */
      readonly isNew?: boolean;
      /** It is announced again, and runs: it is answered only where it may not, which its policy is no reason for. */
      readonly runs?: true;
      /** Of a source that the scheduler has given to the node: as it was told. */
      readonly appointment?: number;
      readonly replyTo?: ActorRef<PolicyReply>;
    }
  /** A source is open, or open again: what it gives. */
  | {
      readonly type: "sourceOpened";
      readonly sourceId: SourceId;
      readonly node: NodeName;
      readonly native: NativeVideo;
    }
  /** Forget a source, and to whom its name belongs; where `node` is given, only one of that node. */
  | {
      readonly type: "removeSource";
      readonly sourceId: SourceId;
      /** Its node goes on with it when it is back: what an operator said of it still holds. */
      readonly suspended?: boolean;
      /** It could not be captured. */
      readonly failed?: boolean;
      readonly node?: NodeName;
      readonly replyTo?: ActorRef<SourceRemoved>;
    }
  /** Have one of several nodes capture a source, and another one where that is gone. */
  | {
      readonly type: "hostSource";
      readonly definition: SourceRequest;
      readonly hosting: Hosting;
      readonly replyTo: ActorRef<HostReply>;
    }
  /** No other node captures it any more: where one does now, the source is that node's own. */
  | { readonly type: "endHosting"; readonly sourceId: SourceId; readonly replyTo: ActorRef<OrderReply> }
  /** Forget which pipeline a version is: whoever registers it next says so. */
  | {
      readonly type: "freeVersion";
      readonly pipelineId: PipelineId;
      readonly version: number;
      readonly replyTo: ActorRef<VersionFreed>;
    }
  /** Decide for `sourceId` by another policy from now on. */
  | {
      readonly type: "setPolicy";
      readonly sourceId: SourceId;
      readonly policy: PolicySpec;
      readonly replyTo?: ActorRef<PolicyReply>;
    }
  /** Capture nothing of it until told otherwise: what is under way ends. */
  | {
      readonly type: "pauseSource";
      readonly sourceId: SourceId;
      /** For people; may be empty. */
      readonly reason: string;
      readonly replyTo?: ActorRef<OrderReply>;
    }
  | { readonly type: "continueSource"; readonly sourceId: SourceId; readonly replyTo?: ActorRef<OrderReply> }
  /** Knobs that hold whatever the policy decides, besides those that were set before; null gives all of them back to the policy. */
  | {
      readonly type: "configureSource";
      readonly sourceId: SourceId;
      readonly knobs: Partial<Configuration> | null;
      readonly replyTo?: ActorRef<OrderReply>;
    }
  /** A stage could not be loaded on a node: it is placed elsewhere until it is tried again. */
  | { readonly type: "stageUnavailable"; readonly node: NodeName; readonly failure: StageFailure }
  /** All that a node has loaded: each time that it changes, and with each answer to a table. */
  | {
      readonly type: "stagesLoaded";
      readonly node: NodeName;
      readonly stages: readonly StageKey[];
      /** Which versions of their models these run; absent where none has one. */
      readonly models?: readonly ModelInUse[];
    }
  /** All models that the hub keeps for its nodes. It says so itself. */
  | { readonly type: "modelsKept"; readonly models: readonly ModelFile[] }
  | { readonly type: "resourcesSampled"; readonly sample: ResourceSample }
  | TaskSettled
  | TableInstalled
  | { readonly type: "reportTable"; readonly replyTo: ActorRef<TableReported> }
  | { readonly type: "reportNodes"; readonly replyTo: ActorRef<NodesReported> }
  /** What became of the plan of a source since then, ms since the Unix epoch. */
  | {
      readonly type: "reportChanges";
      readonly sourceId: SourceId;
      readonly sinceMs: number;
      readonly replyTo: ActorRef<ChangesReported>;
    }
  /** What was decided and said of every source, and how it goes. */
  | { readonly type: "reportSources"; readonly replyTo: ActorRef<ScheduledSources> }
  /** Whose sources these are. */
  | {
      readonly type: "reportOwners";
      readonly sources: readonly SourceId[];
      readonly replyTo: ActorRef<OwnersReported>;
    }
  | { readonly type: "reportPolicies"; readonly replyTo: ActorRef<PoliciesReported> }
  /** Read the hub's own file of policies again: which file that is, its hub alone was told. */
  | { readonly type: "reloadPolicies"; readonly replyTo: ActorRef<ReloadReply> };

/** Every source that the scheduler knows, and who captures those that any of several nodes may. */
export interface ScheduledSources {
  readonly type: "scheduledSources";
  readonly sources: Readonly<Record<string, SourceReport>>;
  /** Those that any of several nodes may capture, also where none does. */
  readonly hosted: Readonly<Record<string, HostingReport>>;
}

/** Whose sources are, also of those that were removed last; a source that nobody ever had is missing. */
export interface OwnersReported {
  readonly type: "ownersReported";
  /** By source: its node, here or away; null where nobody speaks for it now. */
  readonly owners: Readonly<Record<string, NodeName | null>>;
}

/** What became of the order of a source that several nodes may capture. */
export type HostReply =
  /** By this node; null: no candidate is there, and it waits for one. */
  | { readonly type: "sourceHosted"; readonly sourceId: SourceId; readonly node: NodeName | null }
  | { readonly type: "hostRefused"; readonly sourceId: SourceId; readonly error: Error };

export interface PoliciesReported {
  readonly type: "policiesReported";
  /** The built-in ones, and those of the hub's own. */
  readonly names: readonly string[];
  /** What a form asks for to give their parameters, by name; one that does not say is missing. */
  readonly parameters: Readonly<Record<string, readonly PolicyParameter[]>>;
  /** Those that failed of late, at most 256. */
  readonly fences: readonly FenceReport[];
}

/** What became of the file of policies. */
export type ReloadReply =
  | { readonly type: "policiesReloaded"; readonly names: readonly string[] }
  /** Those in force stay. */
  | { readonly type: "reloadRefused"; readonly error: Error };

/** How the plan of a source has changed, and why. */
export interface ChangesReported {
  readonly type: "changesReported";
  readonly sourceId: SourceId;
  /** Why the plan in force is as it is; null of a source that is not registered. */
  readonly now: Explanation | null;
  /** Oldest first; the newest 64 of those since the hub was started. */
  readonly changes: readonly PlanChange[];
  /** The policy beside it; null where there is none. */
  readonly shadow: ShadowReport | null;
  /** Who captures it, and why; null of a source that one node alone may capture. */
  readonly hosting: HostingReport | null;
}

/** Every node that the scheduler knows. */
export interface NodesReported {
  readonly type: "nodesReported";
  readonly nodes: readonly {
    readonly description: NodeDescription;
    /** The newest; null before the first. */
    readonly sample: ResourceSample | null;
    readonly sampledAtMs: number;
    /** Stages that are not placed there, as they could not be loaded. */
    readonly failures: readonly StageFailure[];
    /** How often what it said that it has loaded waited for the next tick, as it says so too often. */
    readonly heldReports: number;
    /** Which versions of their models its stages run. */
    readonly running: readonly ModelInUse[];
  }[];
}

export type PolicyReply =
  | { readonly type: "policySet"; readonly sourceId: SourceId }
  | { readonly type: "policyRefused"; readonly sourceId: SourceId; readonly error: Error };

/** What became of what an operator said of a source. */
export type OrderReply =
  | { readonly type: "orderTaken"; readonly sourceId: SourceId }
  | { readonly type: "orderRefused"; readonly sourceId: SourceId; readonly error: Error };

export interface SourceRemoved {
  readonly type: "sourceRemoved";
  readonly sourceId: SourceId;
  /** The node that had it, here or away; null where none had. */
  readonly node: NodeName | null;
}

export interface VersionFreed {
  readonly type: "versionFreed";
  /** The node whose pipeline it was; null where it was none's. */
  readonly node: NodeName | null;
}

/** The routing table in force, and why it is so. */
export interface TableReported {
  readonly type: "tableReported";
  readonly table: RoutingTable | null;
  /** Newest epoch each node has acknowledged. */
  readonly acknowledged: Readonly<Record<string, number>>;
  /** Why each source is decided as it is. */
  readonly explanations: Readonly<Record<string, Explanation>>;
  readonly overhead: DecisionOverhead;
}

/** What deciding costs, in ms, over the last rounds and decisions. */
export interface DecisionOverhead {
  readonly rounds: number;
  readonly decisions: number;
  /** Decisions that a policy failed to make; the plan before it stayed. */
  readonly failures: number;
  /** Decisions that came too late to count: their source, its policy or its plan was another one by then. */
  readonly stale: number;
  /** Rounds that had to be ended, as a policy did not come back. */
  readonly lost: number;
  /** Decisions for which a policy had no time left in their round. */
  readonly postponed: number;
  /** From when a round was asked for to when it was there. */
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
