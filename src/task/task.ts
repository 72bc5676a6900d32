/** The task: an immutable message that carries its stage cursor, its results and where it has been. */

import type { Configuration } from "./configuration.js";
import type { NodeName, PipelineId, StageId, TaskId } from "./identity.js";
import type { Payload } from "./payload.js";
import type { StageResult } from "./service.js";

/** Where a task stands when no stage is left: the join of all leaves, then the distributor. */
export const END = "$end";
/** The stage that a task comes to next, or its end. */
export type Cursor = StageId | typeof END;

/** One stage done: times in ms since the Unix epoch, on the clock of `node`. */
export interface Hop {
  readonly stage: StageId;
  /** Which of the variants of the stage ran; absent where it has none. */
  readonly variant?: string;
  /** SHA-256 of the file of the model that ran, 64 hexadecimal digits; absent where the stage has none. */
  readonly model?: string;
  readonly node: NodeName;
  /** Epoch of the table that this hop was routed by; 0 before the first. */
  readonly epoch: number;
  /** 1 for the first try of this stage. */
  readonly attempt: number;
  /** The delivery of the task in which the stage was done. */
  readonly delivery: number;
  /** When the node before handed the task to the link that brought it, on that node's clock; absent where none did. */
  readonly sentAtMs?: number;
  readonly enqueuedAtMs: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * Which node runs a stateful stage for a task. It is fixed as the task is made: so each node is given tasks of a
 * source without gaps, knows which one to wait for, and a stage moves between two tasks.
 */
export interface Pin {
  readonly node: NodeName;
  /** Tasks of the same incarnation of the source that were pinned there for this stage before this one. */
  readonly ordinal: number;
}

/**
 * Which frames of a source that can be read again a task is of, by their numbers from 0. Each frame behind `after`, up to
 * `last`, is one of its own, was passed over by the sampling or was gated; and the next task begins behind `last`, over all incarnations.
 */
export interface FrameRange {
  /** The last frame of the task before it; null where it begins with the source. */
  readonly after: number | null;
  readonly first: number;
  readonly last: number;
  /** Frames behind `after` that were decoded and not sampled. */
  readonly passedOver: number;
  /** Frames behind `after` that were sampled and left out, as nothing moved in them. Absent: none. */
  readonly gated?: number;
  /** Presentation times of the first and the last, in microseconds. */
  readonly firstUs: number;
  readonly lastUs: number;
  /** The time of the last one as the source gives it, in microseconds; absent where it is `lastUs`. */
  readonly lastSourceUs?: number;
}

/** Frames with a header, on their way through the stages of a pipeline. Immutable. */
export interface Task {
  readonly id: TaskId;
  /** How often its generator has sent it: 1 for the first time, more where it may have been lost on the way. */
  readonly delivery: number;
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  /** The stage to run next, or the join to wait at. */
  readonly cursor: Cursor;
  /** The stage just left; null at the start. Tells a join which branch has arrived. */
  readonly cameFrom: StageId | null;
  readonly configuration: Configuration;
  /** Null once no stage ahead reads frames. */
  readonly payload: Payload | null;
  readonly frameCount: number;
  /** Of the payload that the task began with, also once it carries none. */
  readonly payloadBytes: number;
  /** Presentation time of each frame in the source, in microseconds; stays when the payload goes. */
  readonly framePtsUs: readonly number[];
  /** Absent of a live source, whose frames come and go. */
  readonly frames?: FrameRange;
  /** Of a live source: frames left out before it, behind the task before, as nothing moved in them. Absent: none. */
  readonly framesGated?: number;
  /** Results so far, by stage. */
  readonly results: ReadonlyMap<StageId, StageResult>;
  /** Hops so far, in the order they ended on this branch; a join holds each stage once. */
  readonly hops: readonly Hop[];
  /** For each join ahead (END too where several leaves meet): the node that it waits on, fixed when the task was admitted. */
  readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
  /** For each stateful stage. */
  readonly pins: ReadonlyMap<StageId, Pin>;
  /** When the first frame left the source, ms since the Unix epoch. */
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly deadlineAtMs: number | null;
  /** Address of the generator, which is notified when the task is stored or dropped. */
  readonly origin: string;
  /** Of the node that captured it, over this delivery: 16 bytes. @see vouchedText */
  readonly voucher: Uint8Array;
  /** W3C Trace Context, level 1. */
  readonly traceparent: string;
}

/** What the node that captured a task vouches for, delivery by delivery. */
export type Vouched = Pick<
  Task,
  | "id"
  | "delivery"
  | "pipelineId"
  | "pipelineVersion"
  | "framePtsUs"
  | "frames"
  | "sourceAtMs"
  | "createdAtMs"
  | "joinNodes"
  | "pins"
  | "origin"
  | "voucher"
>;

/** The end of an incarnation of a source, as whoever knows of it has it recorded. */
export interface Closing {
  /** Its sequence is the one behind the last task: as many tasks were made. */
  readonly id: TaskId;
  /**
   * `ended`: every task is settled, and the next incarnation begins anew. `recovered`: its node went down, and the next one
   * goes on where it was. `replaced`: the same, but that is another source of the name. `takenOver`: its node is gone, and another
   * one goes on.
   */
  readonly end: (typeof CLOSING_ENDS)[number];
  /** What its generator counted; null where it went down. */
  readonly counts: ClosingCounts | null;
  /** Address of the generator to notify. */
  readonly origin: string;
  /** Of the node that has the source. @see closingText */
  readonly voucher: Uint8Array;
}

export const CLOSING_ENDS = ["ended", "recovered", "replaced", "takenOver"] as const;

/** What became of the tasks of an incarnation. */
export interface ClosingCounts {
  readonly stored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Deliveries after the first one of each task. */
  readonly redelivered: number;
  /** Frames read that no task was made of. */
  readonly framesSkipped: number;
  /** Frames sampled and left out, as nothing moved in them. Absent: none. */
  readonly framesGated?: number;
}

/** Why a task ended without being stored. Codes are kept for ever; texts are in docs/semantics.md. */
export const DROP_REASONS = [
  "deadline",
  "expired",
  "flushed",
  "hostGone",
  "joinTimeout",
  "noRoute",
  "outage",
  "overflow",
  "paused",
  "poison",
  "queueDropNewest",
  "queueDropOldest",
  "queueLatestOnly",
  "serviceFailed",
  "sourceLost",
  "superseded",
  "tooLarge",
  "windowFull",
] as const;

/** Why a task ended without being stored. */
export type DropReason = (typeof DROP_REASONS)[number];

/** How a task ended. */
export type Outcome =
  { readonly status: "stored" } | { readonly status: "dropped"; readonly reason: DropReason };

/** While a live source gave nothing: what a gap of reason `outage`, `paused` or `hostGone` is of. */
export interface OutageTimes {
  /** In ms since the Unix epoch, on the clock of the source's node. */
  readonly fromMs: number;
  /** When frames came again, or the source was ended. */
  readonly toMs: number;
  /** For people. */
  readonly reason: string;
  /** Frames came again; false where the source was ended while it gave nothing. */
  readonly ended: boolean;
}

/** A task that ended without a result: what the distributor stores as a gap, with what the task's own node vouched for. */
export interface DropRecord extends Vouched {
  readonly reason: DropReason;
  /** Where it was: the stage, or null at the generator. */
  readonly stage: Cursor | null;
  readonly node: NodeName;
  readonly atMs: number;
  readonly detail: string;
  /** Of a time in which a live source gave nothing alone. */
  readonly outage?: OutageTimes;
  /** The node did not believe that its source is the node's that made it: if it is, the task has not ended. */
  readonly disowned?: true;
}

/** Where a task is waited for: the nodes of its joins and of its stateful stages, each once. */
export function nodesWaitingFor({ joinNodes, pins }: Pick<Task, "joinNodes" | "pins">): readonly NodeName[] {
  return [...new Set([...joinNodes.values(), ...[...pins.values()].map(({ node }) => node)])];
}
