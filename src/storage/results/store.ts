/**
 * The store of finished tasks, as the distributor sees it: one writer, records at positions that only grow.
 *
 * One contract suite holds for every implementation.
 */

import { QUERY_RECORDS_MAX } from "../../task/limits.js";
import type { ResultQuery, StoredClosing, StoredGap, StoredRecord, StoredResult } from "../../task/record.js";
import type { StoreStatement } from "../../task/record-chain.js";
import type { Repair, SourceTotals } from "../../task/reports.js";
import type { SourceId } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import type { HubState } from "../hub/hub-state.js";
import type { ExpiredIncarnation } from "./incarnation-tail.js";

type Unplaced<Stored> = Stored extends unknown ? Omit<Stored, "position"> : never;

/** A record that has no position yet. */
export type NewRecord = Unplaced<StoredResult> | Unplaced<StoredGap> | Unplaced<StoredClosing>;

/** What became of one record of an `append`. */
export type Appended =
  | { readonly status: "stored"; readonly record: StoredRecord }
  /** The task was settled before, as `outcome`, and nothing was written. Where retention has deleted the record, as the new one says. */
  | { readonly status: "existing"; readonly outcome: Outcome };

/** Asks for at most `limit` records from a position on, of one source where it is given. */
export interface SliceRequest {
  readonly fromPosition: number;
  readonly limit: number;
  readonly sourceId?: SourceId;
}

/** Records in order of position, and how far they reach. */
export interface Slice {
  readonly records: readonly StoredRecord[];
  /** Where to read on: everything before it is in `records`, of another source, or gone. */
  readonly nextPosition: number;
  /** Oldest position not given up by retention when this was read. */
  readonly firstPosition: number;
}

/** Records in order of storing time, then position, or the reverse; of a query from a position on in order of position. */
export interface RecordPage {
  readonly records: readonly StoredRecord[];
  /** Whether the query matches more behind the last one. */
  readonly more: boolean;
}

/** What one step of retention may delete. */
export interface RetentionStep {
  /** Newest records to keep. */
  readonly recordsMax?: number;
  /** Bytes to keep of the newest records, as they are stored; those of indexes are not counted. */
  readonly bytesMax?: number;
  /** Records stored before this go, ms since the Unix epoch, from the oldest position up to the first younger one. */
  readonly storedBeforeMs?: number;
  /** Records to delete at most in this step. */
  readonly limit: number;
}

/** A store of finished tasks: one writer, records at positions that only grow. */
export interface Store {
  /** Its folder, or `memory:`. */
  readonly name: string;
  /** Oldest position that retention has not given up. */
  readonly firstPosition: number;
  /** Position of the next new record: above every position ever given out, whatever was deleted since. */
  readonly nextPosition: number;
  /** Records held now. */
  readonly recordCount: number;
  /** Damage to it that was repaired, oldest first; the newest few. */
  readonly repairs: readonly Repair[];
  /** Why it cannot be written now, for people; null where it can, as far as is known. */
  readonly failure: string | null;
  /** What the hub remembers beside the records. */
  readonly state: HubState;

  /**
   * Stores records at the next positions, all or none, and resolves once they are durable. Idempotent by task
   * identity, also for records that retention has deleted: the first outcome of a task stands. After a rejection it
   * is unknown whether the records are stored; the same call again settles it.
   *
   * `storedAtMs` is kept to whole microseconds.
   *
   * @throws SluiceError `store-full`, `store-unwritable`, `store-corrupt`
   */
  append(records: readonly NewRecord[]): Promise<readonly Appended[]>;

  /** @throws SluiceError `store-corrupt` */
  read(request: SliceRequest): Promise<Slice>;

  /** At most `query.limit` records that match; fewer with `more` where they are large. @throws SluiceError `store-corrupt` */
  query(query: ResultQuery): Promise<RecordPage>;

  /**
   * Deletes the oldest records and resolves with how many; totals, which tasks were settled, and where each incarnation had
   * come to are kept.
   */
  expire(step: RetentionStep): Promise<number>;

  /** What retention has deleted of a source, by ascending incarnation. @throws SluiceError `store-corrupt` */
  expired(sourceId: SourceId): Promise<readonly ExpiredIncarnation[]>;

  /**
   * The term of a new scheduler over this store: 1 for the first, and then one more each time; durable once it resolves.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  beginTerm(): Promise<number>;

  /**
   * Tells this store from every other one, and with it the cluster whose results are here: 32 hex digits that stay the same for
   * as long as it exists.
   *
   * @throws SluiceError `store-unwritable` where it has no key and cannot make one
   */
  identity(): Promise<string>;

  /**
   * 32 bytes that nobody else knows, the same for as long as the store exists: what nodes vouch with is derived from them.
   *
   * @throws SluiceError `store-unwritable` where there are none and they cannot be kept, `store-corrupt`
   */
  readonly voucherKey: () => Promise<Uint8Array>;

  /** Tasks settled since the store was made, by source. */
  totals(): Readonly<Record<string, SourceTotals>>;

  /**
   * What the store says of itself, under its key, as it is when this is called.
   *
   * @throws SluiceError `store-corrupt`, `store-unwritable` where it has no key and cannot make one
   */
  statement(): Promise<StoreStatement>;

  /** Bytes on disk; 0 of a store in memory. */
  sizeBytes(): Promise<number>;

  /** Waits for pending writes; nothing may be called afterwards. Idempotent. */
  close(): Promise<void>;
}

export const QUERY_LIMIT_DEFAULT = 1_000;

/** Sorts records as their query wants them. */
export function queryOrder({ fromPosition, newestFirst = false }: ResultQuery) {
  const sign = newestFirst && fromPosition === undefined ? -1 : 1;
  return (a: StoredRecord, b: StoredRecord): number => {
    const byTime = fromPosition === undefined ? a.storedAtMs - b.storedAtMs : 0;
    return sign * (byTime || a.position - b.position);
  };
}

/** How a record settles its task; the end of an incarnation is stored, and settles none. */
export function outcomeOf(record: NewRecord): Outcome {
  return record.type === "gap" ? { status: "dropped", reason: record.reason } : { status: "stored" };
}

/** Microseconds since the Unix epoch, whole: the unit in which storing times are compared and indexed. */
export function wholeMicros(ms: number): number {
  return Math.round(ms * 1_000);
}

/** The record at its position, its storing time in whole microseconds. */
export function placeRecord(record: NewRecord, position: number): StoredRecord {
  return { ...record, position, storedAtMs: wholeMicros(record.storedAtMs) / 1_000 };
}

/** Whether `record` is of the source of `query`, in its time range and behind its cursor. */
export function matchesQuery(record: StoredRecord, query: ResultQuery): boolean {
  const { sourceId, sinceMs, untilMs, afterPosition, beforePosition = 0, fromPosition } = query;
  if (fromPosition !== undefined && record.position < fromPosition) return false;
  if (sourceId !== undefined && record.id.sourceId !== sourceId) return false;
  if (untilMs !== undefined && record.storedAtMs >= untilMs) {
    if (record.storedAtMs > untilMs || record.position >= beforePosition) return false;
  }
  if (sinceMs === undefined) return true;
  if (record.storedAtMs !== sinceMs) return record.storedAtMs > sinceMs;
  return afterPosition === undefined || record.position > afterPosition;
}

/** The query for the page behind `last`. */
export function pageAfter(query: ResultQuery, last: StoredRecord): ResultQuery {
  if (query.fromPosition !== undefined) return { ...query, fromPosition: last.position + 1 };
  if (query.newestFirst === true) {
    return { ...query, untilMs: last.storedAtMs, beforePosition: last.position };
  }
  return { ...query, sinceMs: last.storedAtMs, afterPosition: last.position };
}

export function queryLimit({ limit = QUERY_LIMIT_DEFAULT }: ResultQuery): number {
  return Number.isFinite(limit)
    ? Math.min(Math.max(Math.floor(limit), 0), QUERY_RECORDS_MAX)
    : QUERY_RECORDS_MAX;
}
