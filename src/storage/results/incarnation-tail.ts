/**
 * Where an incarnation of a source has come to, by its records: it is kept of those that retention deletes, as whoever goes on
 * with the source goes on behind them.
 */

import type { StoredClosing, StoredGap, StoredRecord, StoredResult } from "../../task/record.js";
import type { FrameRange } from "../../task/task.js";
import type { SequenceRanges } from "./sequence-ranges.js";

/** What is kept of an incarnation of a source whose records are deleted. */
export interface IncarnationTail {
  /** Of the newest record that it is of. */
  readonly position: number;
  /** How it ended; null where its end is not among them. */
  readonly end: StoredClosing["end"] | null;
  /** The one of the highest sequence that has frames with numbers; null where none has. */
  readonly newest: NewestTask | null;
  /** When a task was made, or an outage was over, ms since the Unix epoch; null where there is neither. */
  readonly lastTaskAtMs: number | null;
}

/** The last task of an incarnation that has frames with numbers. */
export interface NewestTask {
  readonly sequence: number;
  readonly frames: FrameRange;
  /** Between the last two frames of the task, in microseconds; null of one frame. */
  readonly spacingUs: number | null;
}

/** What retention has deleted of an incarnation. */
export interface ExpiredIncarnation {
  readonly incarnation: number;
  readonly sequences: SequenceRanges;
  /** Null where a version of the store deleted them that did not keep it. */
  readonly tail: IncarnationTail | null;
}

export function tailOf(record: StoredRecord): IncarnationTail {
  const { position } = record;
  if (record.type === "closed") return { position, end: record.end, newest: null, lastTaskAtMs: null };
  const { id, frames } = record;
  const newest =
    frames === undefined ? null : { sequence: id.sequence, frames, spacingUs: spacingOf(record) };
  return { position, end: null, newest, lastTaskAtMs: lastAtMs(record) };
}

/** Of all records that either is of, whichever came first, and of those of both once. */
export function joinTails(one: IncarnationTail | null | undefined, other: IncarnationTail): IncarnationTail {
  if (one === null || one === undefined) return other;
  return {
    position: Math.max(one.position, other.position),
    end: one.end ?? other.end,
    newest: (one.newest?.sequence ?? -1) > (other.newest?.sequence ?? -1) ? one.newest : other.newest,
    lastTaskAtMs: laterOf(one.lastTaskAtMs, other.lastTaskAtMs),
  };
}

/** Null where both are. */
export function laterOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function lastAtMs(record: StoredResult | StoredGap): number {
  return record.type === "result" ? record.createdAtMs : (record.outage?.toMs ?? record.sourceAtMs);
}

function spacingOf(record: StoredResult | StoredGap): number | null {
  if (record.type === "gap") return null;
  const [before, last] = record.framePtsUs.slice(-2);
  return before === undefined || last === undefined ? null : last - before;
}
