/** A run as a store exports it: chained, with a trailer. */

import { exportRecords } from "../../src/storage/results/export.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { statedRecords } from "../../src/storage/results/read-store.js";
import type { StoreStatement } from "../../src/task/record-chain.js";
import type { StoredRecord } from "../../src/task/record.js";

export interface StoredRun {
  readonly records: readonly StoredRecord[];
  readonly statement: StoreStatement;
}

/** `records` as a store holds them, at positions from 0 on. */
export async function storedRun(records: readonly StoredRecord[]): Promise<StoredRun> {
  const store = new MemoryStore();
  for (const record of records) await store.append([record]);
  const statement = await store.statement();
  const stored: StoredRecord[] = [];
  for await (const record of statedRecords(store, statement)) stored.push(record);
  return { records: stored, statement };
}

export async function exportRun(records: readonly StoredRecord[], file: string): Promise<void> {
  const run = await storedRun(records);
  await exportRecords(
    (async function* () {
      yield* run.records;
    })(),
    file,
    { whole: true, statement: run.statement },
  );
}
