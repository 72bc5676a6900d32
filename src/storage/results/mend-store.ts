/**
 * Makes a damaged store consistent again: what cannot be read is deleted, and everything that follows from the records
 * is built anew from them. It may be cut off and run again at any point.
 */

import type { StoredRecord } from "../../task/record.js";
import { writeBatch, type Database, type Operation } from "../level-database.js";
import {
  allOf,
  DAMAGED_KEY,
  identityKey,
  indexKeys,
  positionAtEnd,
  STATE_KEY,
  totalsKey,
} from "./level-keys.js";
import {
  decodeRanges,
  decodeRecord,
  decodeState,
  decodeTotals,
  readable,
  seal,
  type StoreState,
} from "./record-codec.js";
import { outcomeOf } from "./store.js";
import { countOutcome, mergeTotals, NO_TOTALS } from "./totals.js";
import type { SourceTotals } from "../../task/reports.js";

export interface MendReport {
  readonly recordsKept: number;
  /** Records that should be there and are not; at least so many where the count itself was lost. */
  readonly recordsLost: number;
}

/** Positions skipped by a mend: the newest ones may be forgotten and must never be given out again. */
const POSITIONS_SKIPPED = 1_000_000_000;
const BATCH_RECORDS = 500;

/** @throws an error of level where its files need repairing first */
export async function mendStore(database: Database): Promise<MendReport> {
  await database.put(DAMAGED_KEY, "", { sync: true });
  for (const kind of ["i", "p", "s", "t"] as const) await database.clear(allOf(kind));
  const totals = new Map<string, SourceTotals>();
  let kept = 0;
  let unreadable = 0;
  let first: number | null = null;
  let last = -1;
  let batch: Operation[] = [];
  for await (const [key, text] of database.iterator(allOf("r"))) {
    const record = readable(decodeRecord, text, key);
    if (record === null || record.position !== positionAtEnd(key)) {
      unreadable += 1;
      batch.push({ type: "del", key });
    } else {
      kept += 1;
      first ??= record.position;
      last = record.position;
      const { sourceId } = record.id;
      totals.set(sourceId, countOutcome(totals.get(sourceId) ?? NO_TOTALS, outcomeOf(record)));
      batch.push(...derivedEntries(record));
    }
    if (batch.length >= BATCH_RECORDS) {
      await writeBatch(database, batch, { sync: false });
      batch = [];
    }
  }
  for await (const [key, text] of database.iterator(allOf("n"))) {
    const source = key.slice(2);
    const remembered = readable(decodeTotals, text, key) ?? NO_TOTALS;
    totals.set(source, mergeTotals(remembered, totals.get(source) ?? NO_TOTALS));
  }
  for await (const [key, text] of database.iterator(allOf("x"))) {
    if (readable(decodeRanges, text, key) === null) batch.push({ type: "del", key });
  }
  const before = readable(decodeState, (await database.get(STATE_KEY)) ?? "", STATE_KEY);
  const nextPosition = Math.max(before?.nextPosition ?? 0, last + 1) + POSITIONS_SKIPPED;
  const state: StoreState = {
    firstPosition: before?.firstPosition ?? first ?? nextPosition,
    nextPosition,
    recordCount: kept,
  };
  for (const [source, counts] of totals)
    batch.push({ type: "put", key: totalsKey(source), value: seal(counts) });
  batch.push({ type: "put", key: STATE_KEY, value: seal(state) }, { type: "del", key: DAMAGED_KEY });
  await writeBatch(database, batch, { sync: true });
  return { recordsKept: kept, recordsLost: Math.max(unreadable, (before?.recordCount ?? 0) - kept) };
}

/** What is kept beside a record so that it is found: its identity and its places in the indexes. */
export function derivedEntries(record: StoredRecord): Operation[] {
  const entries: Operation[] = indexKeys(record).map((key) => ({ type: "put", key, value: "" }));
  const { position } = record;
  entries.push({
    type: "put",
    key: identityKey(record.id),
    value: seal({ position, outcome: outcomeOf(record) }),
  });
  return entries;
}
