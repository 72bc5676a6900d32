/**
 * Repairs a damaged store: what cannot be read is deleted, and everything that is derived from the records is rebuilt from
 * them. A repair may be interrupted at any point, and is then run again.
 */

import { writeBatch, type Database, type Operation } from "../level-database.js";
import { putDerivedEntries } from "./level-entries.js";
import { allOf, DAMAGED_KEY, positionAtEnd, STATE_KEY, totalsKey } from "./level-keys.js";
import {
  decodeRanges,
  decodeRecord,
  decodeState,
  decodeTotals,
  readable,
  seal,
  type StoreState,
} from "./record-codec.js";
import { countRecord, mergeTotals, NO_TOTALS } from "./totals.js";
import type { SourceTotals } from "../../task/reports.js";

export interface RepairReport {
  readonly recordsKept: number;
  /** Records that are missing; at least this many where the count itself was lost. */
  readonly recordsLost: number;
}

/** Positions skipped by a repair: the newest ones may be lost and must never be given out again. */
const POSITIONS_SKIPPED = 1_000_000_000;
const BATCH_RECORDS = 500;

/** @throws an error of level where its files need repairing first */
export async function repairStore(database: Database): Promise<RepairReport> {
  await database.put(DAMAGED_KEY, "", { sync: true });
  for (const kind of ["i", "p", "s", "t"] as const) await database.clear(allOf(kind));
  const totals = new Map<string, SourceTotals>();
  let kept = 0;
  let unreadable = 0;
  let first: number | null = null;
  let last = -1;
  let lastChain: string | undefined;
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
      lastChain = record.chain;
      const { sourceId } = record.id;
      totals.set(sourceId, countRecord(totals.get(sourceId) ?? NO_TOTALS, record));
      batch.push(...putDerivedEntries(record));
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
  // What is lost leaves a hole in the chain, as it does in the positions.
  const chainEnd = before?.lastChain ?? lastChain;
  const state: StoreState = {
    firstPosition: before?.firstPosition ?? first ?? nextPosition,
    nextPosition,
    recordCount: kept,
    ...(before?.firstChain !== undefined && { firstChain: before.firstChain }),
    ...(chainEnd !== undefined && { lastChain: chainEnd }),
  };
  for (const [source, counts] of totals)
    batch.push({ type: "put", key: totalsKey(source), value: seal(counts) });
  batch.push({ type: "put", key: STATE_KEY, value: seal(state) }, { type: "del", key: DAMAGED_KEY });
  await writeBatch(database, batch, { sync: true });
  return { recordsKept: kept, recordsLost: Math.max(unreadable, (before?.recordCount ?? 0) - kept) };
}
