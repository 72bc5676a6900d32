/** One line of the store, and how the store is asked for lines. */

import type { Configuration } from "./configuration.js";
import type { NodeName, PipelineId, SourceId, TaskId } from "./identity.js";
import type { StageResult } from "./service.js";
import type { Closing, DropReason, FrameRange, Hop, OutageTimes } from "./task.js";

/** One line of the store: a result, a gap or the end of an incarnation, at a position that only grows. */
export type StoredRecord = StoredResult | StoredGap | StoredClosing;

/** A task that went all the way, with what its stages found. */
export interface StoredResult {
  readonly type: "result";
  readonly position: number;
  readonly id: TaskId;
  /** The delivery of the task that was stored, from 1. */
  readonly delivery: number;
  readonly pipelineId: PipelineId;
  readonly pipelineVersion: number;
  readonly configuration: Configuration;
  readonly frameCount: number;
  /** Presentation time of each frame in the source, in microseconds. */
  readonly framePtsUs: readonly number[];
  /** Absent of a live source. */
  readonly frames?: FrameRange;
  /** Of a live source: frames left out before it, behind the task before, as nothing moved in them. Absent: none. */
  readonly framesGated?: number;
  /** When the first frame left the source. */
  readonly sourceAtMs: number;
  readonly createdAtMs: number;
  readonly storedAtMs: number;
  readonly results: Readonly<Record<string, StageResult>>;
  readonly hops: readonly Hop[];
  readonly traceparent: string;
  /** As `chainOf` makes it; absent of a record that is older than chains. */
  readonly chain?: string;
}

/** A task that was dropped, and why. */
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
  readonly frames?: FrameRange;
  /** Of an outage or a pause alone. */
  readonly outage?: OutageTimes;
  readonly chain?: string;
}

/** The end of an incarnation of a source. */
export interface StoredClosing extends Omit<Closing, "origin" | "voucher"> {
  readonly type: "closed";
  readonly position: number;
  readonly storedAtMs: number;
  readonly chain?: string;
}

/** Which records are wanted, and in which order. */
export interface ResultQuery {
  readonly sourceId?: SourceId;
  /** Stored at or after, ms since the Unix epoch. */
  readonly sinceMs?: number;
  /** Stored before. */
  readonly untilMs?: number;
  /** The newest records first. Default: false; not for a query from a position on. */
  readonly newestFirst?: boolean;
  /** Of the records stored exactly at `untilMs` those before this position, too: with both from a page's last record, the next page of the newest. */
  readonly beforePosition?: number;
  /** Of the records stored exactly at `sinceMs` only those behind this position: with both from a page's last record, the next page. */
  readonly afterPosition?: number;
  /** From this position on, in order of position instead of time: what a clock that was set back does not change. */
  readonly fromPosition?: number;
  /** At most so many records; default 1,000, at most 10,000. */
  readonly limit?: number;
}
