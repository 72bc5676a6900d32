/** Where the records of an audit come from, and what was said of them there. */

import type { ExpiredTasks, ExportTrailer, StoreStatement } from "../task/record-chain.js";
import type { SourceId } from "../task/identity.js";

/** Known once all records are read. */
export interface RecordsOrigin {
  /** What their store says; null where that is not known. */
  readonly stated: Stated | null;
  /** Null where they come straight from their store. */
  readonly file: ExportedFile | null;
}

/** What a store has said of its records. */
export interface Stated {
  /** Before they were read. */
  readonly before: StoreStatement;
  /** After they were: retention may have deleted some meanwhile. */
  readonly after: StoreStatement;
  /** They are to be all of the store's records, as it was before. */
  readonly whole: boolean;
}

/** A file of exported records, as it was read. */
export interface ExportedFile {
  readonly trailer: ExportTrailer | null;
  /** Lines before the trailer, and the digest over them. */
  readonly recordCount: number;
  readonly digest: string;
  /** Whether the statement is of the store whose key is at hand; null where none is. */
  readonly signed: boolean | null;
}

export const UNKNOWN_ORIGIN: RecordsOrigin = { stated: null, file: null };

/** The sequences that retention has deleted, of each incarnation of a source. */
export function expiredOf(
  { stated }: RecordsOrigin,
  source: SourceId,
): ReadonlyMap<number, readonly number[]> {
  const expired: readonly ExpiredTasks[] = stated?.after.expired ?? [];
  return new Map(
    expired
      .filter(({ sourceId }) => sourceId === source)
      .map(({ incarnation, sequences }) => [incarnation, sequences]),
  );
}

/** The incarnations of a source whose end was that another host took it over, and was deleted by retention. */
export function expiredTakeovers({ stated }: RecordsOrigin, source: SourceId): ReadonlySet<number> {
  const expired: readonly ExpiredTasks[] = stated?.after.expired ?? [];
  return new Set(
    expired
      .filter(({ sourceId, takenOver = false }) => takenOver && sourceId === source)
      .map(({ incarnation }) => incarnation),
  );
}

/** How many sequences are in `[from, to, from, to, ...]`. */
export function countSequences(bounds: readonly number[]): number {
  let count = 0;
  for (let index = 0; index < bounds.length; index += 2) {
    count += (bounds[index + 1] ?? 0) - (bounds[index] ?? 0) + 1;
  }
  return count;
}
