/**
 * Repairs a damaged store: what cannot be read is deleted, and everything that is derived from the records is rebuilt from
 * them. A repair may be interrupted at any point, and is then run again.
 */

import type { Database, KeyRange, Operation } from "../database.js";
import { putDerivedEntries } from "./level-entries.js";
import { withRepair } from "../repairs.js";
import { allOf, KEPT_KEY, positionAtEnd, REPAIRS_KEY, STATE_KEY, totalsKey } from "./level-keys.js";
import {
  decodeCount,
  decodeKept,
  decodeRanges,
  decodeRecord,
  decodeRepairs,
  decodeState,
  decodeTail,
  decodeTotals,
  readable,
  seal,
  type StoreState,
} from "./record-codec.js";
import { countRecord, mergeTotals, NO_TOTALS } from "./totals.js";
import type { Repair, SourceTotals } from "../../task/reports.js";

/** Positions skipped by a repair: the newest ones may be lost and must never be given out again. */
const POSITIONS_SKIPPED = 1_000_000_000;
const BATCH_RECORDS = 500;

/** @throws an error of level where its files need repairing first */
export async function repairStore(
  database: Database,
  { atMs, damage }: Pick<Repair, "atMs" | "damage">,
): Promise<Repair> {
  for (const kind of ["i", "p", "s", "t"] as const) await clear(database, allOf(kind));
  const totals = new Map<string, SourceTotals>();
  let kept = 0;
  let unreadable = 0;
  let first: number | null = null;
  let last = -1;
  let lastChain: string | undefined;
  let batch: Operation[] = [];
  for await (const [key, text] of database.entries(allOf("r"))) {
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
      await database.write(batch, { sync: false });
      batch = [];
    }
  }
  for await (const [key, text] of database.entries(allOf("n"))) {
    const source = key.slice(2);
    const remembered = readable(decodeTotals, text, key) ?? NO_TOTALS;
    totals.set(source, mergeTotals(remembered, totals.get(source) ?? NO_TOTALS));
  }
  for await (const [key, text] of database.entries(allOf("x"))) {
    if (readable(decodeRanges, text, key) === null) batch.push({ type: "del", key });
  }
  for await (const [key, text] of database.entries(allOf("e"))) {
    if (readable(decodeTail, text, key) === null) batch.push({ type: "del", key });
  }
  const keptState = await mendKept(database);
  batch.push(...keptState.operations);
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
  const lost = Math.max(unreadable, (before?.recordCount ?? 0) - kept);
  const repair: Repair = { atMs, damage: [...keptState.damage, ...damage], kept, lost };
  const known = readable(decodeRepairs, (await database.get(REPAIRS_KEY)) ?? "", REPAIRS_KEY) ?? [];
  batch.push(
    { type: "put", key: STATE_KEY, value: seal(state) },
    { type: "put", key: REPAIRS_KEY, value: seal(withRepair(known, repair)) },
  );
  await database.write(batch, { sync: true });
  return repair;
}

/** Entries of the hub's state in one damage text; there may be thousands. */
const NAMED_MAX = 8;

/** What of the hub's state cannot be read goes, alone: each entry stands for itself. */
async function mendKept(
  database: Database,
): Promise<{ readonly operations: readonly Operation[]; readonly damage: readonly string[] }> {
  const unreadable: string[] = [];
  let kept = 0;
  for await (const [key, text] of database.entries(allOf("h"))) {
    if (readable(decodeKept, text, key) === null) unreadable.push(key);
    else kept += 1;
  }
  const counted = readable(decodeCount, (await database.get(KEPT_KEY)) ?? "", KEPT_KEY) ?? 0;
  const lost = Math.max(unreadable.length, counted - kept);
  const named = unreadable.slice(0, NAMED_MAX).map((key) => key.slice("h/".length));
  const which =
    named.length === 0 ? "" : `: ${named.join(", ")}${unreadable.length > named.length ? ", ..." : ""}`;
  return {
    operations: [
      ...unreadable.map((key): Operation => ({ type: "del", key })),
      { type: "put", key: KEPT_KEY, value: seal(kept) },
    ],
    damage: lost === 0 ? [] : [`${lost} entries of the hub's state are lost${which}`],
  };
}

async function clear(database: Database, range: KeyRange): Promise<void> {
  let batch: Operation[] = [];
  for await (const key of database.keys(range)) {
    batch.push({ type: "del", key });
    if (batch.length < BATCH_RECORDS) continue;
    await database.write(batch, { sync: false });
    batch = [];
  }
  await database.write(batch, { sync: false });
}
