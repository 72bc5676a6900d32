/**
 * The keys of the store. Numbers are zero-padded, so that keys sort as their numbers do; ids never contain `/`.
 *
 * | key | value |
 * |---|---|
 * | `m/format` | version of this layout |
 * | `m/state` | positions given out and records held |
 * | `m/terms` | term of the newest scheduler |
 * | `m/repairs` | what was damaged and repaired |
 * | `m/kept` | how many entries the hub's state has |
 * | `h/kind/key` | an entry of the hub's state |
 * | `n/source` | totals of a source |
 * | `x/source/incarnation` | sequences that retention has deleted |
 * | `e/source/incarnation` | where they had come to |
 * | `r/position` | a record, result or gap |
 * | `i/task` | position and outcome of a task |
 * | `t/time/position`, `s/source/time/position` | indexes by storing time, in microseconds |
 * | `p/source/position` | index by position within a source |
 */

import type { StoredRecord } from "../../task/record.js";
import { taskKey, type SourceId, type TaskId } from "../../task/identity.js";
import type { KeyRange } from "../database.js";
import { wholeMicros } from "./store.js";

export const FORMAT_KEY = "m/format";
export const STATE_KEY = "m/state";
export const TERMS_KEY = "m/terms";
export const REPAIRS_KEY = "m/repairs";
export const KEPT_KEY = "m/kept";

export const keptKey = (kind: string, key: string) => `h/${kind}/${key}`;
/** Keys of a kind that begin with `prefix`; none has `~`. */
export const keptRange = (kind: string, prefix: string): KeyRange => ({
  gte: `h/${kind}/${prefix}`,
  lt: `h/${kind}/${prefix}~`,
});

export const recordKey = (position: number) => `r/${digits(position)}`;
export const identityKey = (id: TaskId) => `i/${taskKey(id)}`;
export const totalsKey = (sourceId: string) => `n/${sourceId}`;
/** The source and incarnation of an `expiredKey`, or an `expiredTailKey`. */
export function expiredOf(key: string): { readonly sourceId: string; readonly incarnation: number } {
  const [, sourceId = "", incarnation = ""] = key.split("/");
  return { sourceId, incarnation: Number(incarnation) };
}

export const expiredKey = ({ sourceId, incarnation }: TaskId) => `x/${sourceId}/${digits(incarnation)}`;
export const expiredTailKey = ({ sourceId, incarnation }: TaskId) => `e/${sourceId}/${digits(incarnation)}`;

/** The `expiredKey`s of a source, or its `expiredTailKey`s. */
export const expiredRange = (kind: "e" | "x", sourceId: SourceId): KeyRange => ({
  gte: `${kind}/${sourceId}/`,
  lt: `${kind}/${sourceId}0`,
});

/** The index entries of a record; their values are empty. */
export function indexKeys({ position, storedAtMs, id: { sourceId } }: StoredRecord): readonly string[] {
  const at = digits(position);
  const time = digits(wholeMicros(storedAtMs));
  return [`t/${time}/${at}`, `s/${sourceId}/${time}/${at}`, `p/${sourceId}/${at}`];
}

export function timeRange(options: {
  readonly sourceId?: SourceId;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly beforePosition?: number;
  readonly newestFirst?: boolean;
}): KeyRange {
  const { sourceId, sinceMs = 0, untilMs, beforePosition = 0, newestFirst = false } = options;
  const prefix = sourceId === undefined ? "t" : `s/${sourceId}`;
  const until = untilMs === undefined ? null : digits(bounded(wholeMicros(untilMs)));
  return {
    gte: `${prefix}/${digits(bounded(wholeMicros(sinceMs)))}`,
    lt: until === null ? `${prefix}0` : `${prefix}/${until}/${digits(bounded(beforePosition))}`,
    reverse: newestFirst,
  };
}

export function positionRange(fromPosition: number, sourceId?: SourceId): KeyRange {
  const prefix = sourceId === undefined ? "r" : `p/${sourceId}`;
  return { gte: `${prefix}/${digits(bounded(fromPosition))}`, lt: `${prefix}0` };
}

export const allOf = (kind: "e" | "h" | "i" | "n" | "p" | "r" | "s" | "t" | "x"): KeyRange => ({
  gte: `${kind}/`,
  lt: `${kind}0`,
});

/** The position that an index entry ends in. */
export function positionAtEnd(key: string): number {
  return Number(key.slice(-WIDTH));
}

/** Digits of the largest exact integer. */
const WIDTH = 16;

function digits(count: number): string {
  return String(count).padStart(WIDTH, "0");
}

function bounded(count: number): number {
  return Math.min(Math.max(Math.floor(count), 0), Number.MAX_SAFE_INTEGER);
}
