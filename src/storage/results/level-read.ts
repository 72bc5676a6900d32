/** Reads records from one state of the store, in answers of bounded size. */

import type { ResultQuery, StoredRecord } from "../../task/record.js";
import type { SourceId } from "../../task/identity.js";
import type { Snapshot } from "../database.js";
import type { ExpiredIncarnation, IncarnationTail } from "./incarnation-tail.js";
import { expiredOf, expiredRange, positionRange, timeRange } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { scanIndex, scanRecords } from "./level-scan.js";
import { decodeRanges, decodeTail } from "./record-codec.js";
import type { SequenceRanges } from "./sequence-ranges.js";
import { matchesQuery, queryLimit, type RecordPage, type Slice, type SliceRequest } from "./store.js";

/** Bytes of records in one answer; the rest is asked for again. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

/** Takes positions from the state of the store before its first await. @throws SluiceError `store-corrupt` */
export async function readSlice(
  { database, state }: LoadedStore,
  snapshot: Snapshot,
  { fromPosition, limit, sourceId }: SliceRequest,
): Promise<Slice> {
  const { firstPosition, nextPosition } = state;
  const records: StoredRecord[] = [];
  if (limit <= 0) return { records, nextPosition: fromPosition, firstPosition };
  const range = positionRange(Math.max(fromPosition, firstPosition), sourceId);
  const scan = sourceId === undefined ? scanRecords : scanIndex;
  let bytes = 0;
  let reached = Math.max(fromPosition, nextPosition);
  for await (const { record, size } of scan(database, range, snapshot)) {
    records.push(record);
    bytes += size;
    if (records.length >= limit || bytes >= READ_BYTES_MAX) {
      reached = record.position + 1;
      break;
    }
    reached = Math.max(reached, record.position + 1);
  }
  return { records, nextPosition: reached, firstPosition };
}

/** By ascending incarnation. @throws SluiceError `store-corrupt` */
export async function readExpired(
  { database }: LoadedStore,
  snapshot: Snapshot,
  sourceId: SourceId,
): Promise<readonly ExpiredIncarnation[]> {
  const tails = new Map<number, IncarnationTail>();
  for await (const [key, text] of database.entries(expiredRange("e", sourceId), { snapshot })) {
    tails.set(expiredOf(key).incarnation, decodeTail(text, key));
  }
  const sequences = new Map<number, SequenceRanges>();
  for await (const [key, text] of database.entries(expiredRange("x", sourceId), { snapshot })) {
    sequences.set(expiredOf(key).incarnation, decodeRanges(text, key));
  }
  return [...new Set([...tails.keys(), ...sequences.keys()])]
    .sort((a, b) => a - b)
    .map((incarnation) => ({
      incarnation,
      sequences: sequences.get(incarnation) ?? [],
      tail: tails.get(incarnation) ?? null,
    }));
}

function scanPositions(
  database: LoadedStore["database"],
  fromPosition: number,
  sourceId: SourceId | undefined,
  snapshot: Snapshot,
): ReturnType<typeof scanRecords> {
  const scan = sourceId === undefined ? scanRecords : scanIndex;
  return scan(database, positionRange(fromPosition, sourceId), snapshot);
}

/** @throws SluiceError `store-corrupt` */
export async function readPage(
  { database }: LoadedStore,
  snapshot: Snapshot,
  query: ResultQuery,
): Promise<RecordPage> {
  const limit = queryLimit(query);
  const records: StoredRecord[] = [];
  let bytes = 0;
  const found =
    query.fromPosition === undefined
      ? scanIndex(database, timeRange(query), snapshot)
      : scanPositions(database, query.fromPosition, query.sourceId, snapshot);
  for await (const { record, size } of found) {
    if (!matchesQuery(record, query)) continue;
    if (records.length >= limit || bytes >= READ_BYTES_MAX) return { records, more: true };
    records.push(record);
    bytes += size;
  }
  return { records, more: false };
}
