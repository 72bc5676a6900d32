/** What components report of themselves, as plain data. */

import type { Configuration } from "./configuration.js";
import type { NodeName, PipelineId, SourceId, TaskId } from "./identity.js";
import type { Objective } from "./configuration-space.js";
import type { Explanation, Pause, PlanPause, PolicySpec } from "./requests.js";
import type { Drops } from "./ledger.js";
import type { Scene } from "./scene.js";
import type { Hop, Outcome } from "./task.js";

/** The tasks of a source as its node counts them: created = stored + dropped + in flight. */
export interface LedgerReported {
  readonly type: "ledgerReported";
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Tasks that it made, or took over from an earlier incarnation. */
  readonly created: number;
  readonly stored: number;
  readonly dropped: Drops;
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
    /** Another node has had the source since: what was under way then has ended without a record. */
    readonly superseded?: true;
  }[];
  /** Frames read from the source that no task was made of, by reason: the sampling, a partial last task. */
  readonly framesSkipped: number;
  /** Frames sampled and left out, as nothing moved in them. Absent: none. */
  readonly framesGated?: number;
  /** Frames whose time stepped back or too far ahead, so that a new time base began. */
  readonly timeSteps: number;
  readonly status:
    "waiting" | "replaying" | "capturing" | "reconnecting" | "paused" | "draining" | "ended" | "failed";
}

/** What became of the tasks of a source of late, whatever plan they were made under. */
export interface SourceFigures {
  /** Frames in tasks that were stored, over the last minute or the last 512 tasks. */
  readonly framesPerSecond: number;
  /** Source timestamp to stored, in ms, of the same tasks; null where there is none. */
  readonly latencyMs: { readonly p50: number; readonly p95: number } | null;
  /** Tasks that took longer than the objective of the source, since the scheduler started. */
  readonly late: number;
}

/** What the scheduler says of one source. */
export interface SourceReport {
  readonly node: NodeName;
  readonly policy: PolicySpec;
  /** What its policy did for which it is not asked for now, for people, while the last good plan stays; null where it is asked. */
  readonly fenced: string | null;
  /** Null where nothing is promised. */
  readonly slo: Objective | null;
  /** Null where it captures. */
  readonly pause: Pause | null;
  /** Knobs that an operator has set. */
  readonly ordered: Partial<Configuration>;
  readonly figures: SourceFigures;
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
  readonly dropped: Drops;
  /** Stages that were loaded here, and those of them that were unloaded again as no table has them here any more. */
  readonly loaded: number;
  readonly unloaded: number;
}

/** What became of the tasks of one source. */
export interface SourceTotals {
  readonly stored: number;
  readonly dropped: Drops;
}

/** Damage to the files of a store or of a journal that was repaired. */
export interface Repair {
  readonly atMs: number;
  /** For people: what was found; the first few. */
  readonly damage: readonly string[];
  /** Records or unsettled tasks that are left. */
  readonly kept: number;
  /** Those that are missing; at least this many where the count itself was lost. Null where that is not known. */
  readonly lost: number | null;
}

/** What a finished task teaches: no payload, no results. */
export interface TaskOutcome {
  readonly id: TaskId;
  readonly outcome: Outcome;
  /** Null of a drop, as its record does not say; its hops, frames and bytes are nought then. */
  readonly pipelineId: PipelineId | null;
  readonly pipelineVersion: number | null;
  /** That it was captured in; null of a drop. */
  readonly configuration: Configuration | null;
  readonly hops: readonly Hop[];
  readonly frameCount: number;
  readonly payloadBytes: number;
  /** Left out before it, behind the task before, as nothing moved in them. Absent: none, or a drop. */
  readonly framesGated?: number;
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly settledAtMs: number;
  /** The delivery of the task that was stored, from 1; null of a drop. */
  readonly delivery: number | null;
  /** What was to be seen; null of a drop. */
  readonly scene: Scene | null;
}

/** What a node's monitor saw of it, once a period. */
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
  /** Absent where the controller did not answer. */
  readonly counts?: FlowCounts;
  /** Damage to its store and its journal, oldest first; absent where there was none. */
  readonly repairs?: readonly Repair[];
  /** Why its store and its journal cannot be written now, for people; absent where they can. */
  readonly failures?: readonly string[];
  /** To each other node: round-trip time, and bandwidth where it is known. */
  readonly links: Readonly<Record<string, LinkSample>>;
}

/** One change of the plan of a source, and what made it. */
export interface PlanChange {
  readonly atMs: number;
  /** Of the table that carried it first. */
  readonly epoch: number;
  readonly policy: string;
  readonly configuration: Configuration;
  /** By stage, most wanted node first. */
  readonly placement: Readonly<Record<string, readonly NodeName[]>>;
  /** Absent: it captures. */
  readonly pause?: PlanPause;
  readonly why: Explanation;
}

/** What is expected of a plan. */
export interface PlanScore {
  /** Source timestamp to stored, on average, in ms. */
  readonly latencyMs: number;
  /** Expected share of tasks that take longer than the objective; null where the source has none. */
  readonly missShare: number | null;
  /** Highest share that is asked of a node or a link; above 1 queues grow for ever. */
  readonly utilisation: number;
  /** Ms of a processor's time for each second, on all nodes. */
  readonly busyMs: number;
  /** Mbit/s that cross between nodes. */
  readonly crossingMbps: number;
}

/** What the policy beside the one in force would do, and what is expected of both. */
export interface ShadowReport {
  readonly policy: string;
  /** Null before its first plan. */
  readonly configuration: Configuration | null;
  readonly placement: Readonly<Record<string, readonly NodeName[]>>;
  readonly why: Explanation;
  readonly inForce: PlanScore | null;
  readonly own: PlanScore | null;
}

/** What is in force for a source, as a hub remembers it beyond its process. */
export interface RememberedPlan extends Pick<PlanChange, "configuration" | "placement" | "pause" | "why"> {
  readonly pipelineId: string;
  readonly pipelineVersion: number;
  readonly policy: PolicySpec;
  /** Absent: false. */
  readonly pixelsStay?: boolean;
  /** What that policy has learned: its own bytes, and of which version of it. */
  readonly learned: { readonly version: string; readonly bytes: Uint8Array } | null;
}

/** A link between two nodes, as one of them measured it. */
export interface LinkSample {
  readonly rttMs: number;
  /** As last probed; null before that. */
  readonly bandwidthMbps: number | null;
  /** Since that, in ms; absent where there is none. */
  readonly bandwidthAgeMs?: number;
  /** It goes through the hub, over the hub's links to both; absent where it goes straight. */
  readonly relayed?: true;
}
