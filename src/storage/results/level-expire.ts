/** Deletes the oldest records, and remembers that their tasks were settled. */

import type { StoredRecord } from "../../task/record.js";
import type { Operation } from "../database.js";
import { deleteRecord } from "./level-entries.js";
import { expiredKey, positionRange, STATE_KEY } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { scanRecords } from "./level-scan.js";
import { expiredRanges } from "./level-settled.js";
import { seal } from "./record-codec.js";
import { addSequence } from "./sequence-ranges.js";
import type { RetentionStep } from "./store.js";

/** @returns how many records it has deleted @throws an error of level, or `store-corrupt` */
export async function expireRecords(store: LoadedStore, step: RetentionStep): Promise<number> {
  const { database } = store;
  const old = await oldestRecords(store, step);
  const last = old.at(-1);
  if (last === undefined) return 0;
  const recordCount = store.state.recordCount - old.length;
  // Before they are deleted (LS4).
  store.state = {
    ...store.state,
    firstPosition: last.position + 1,
    recordCount,
    ...(last.chain !== undefined && { firstChain: last.chain }),
  };
  const expired = await expiredRanges(
    database,
    old.map(({ id }) => id),
  );
  const operations: Operation[] = [{ type: "put", key: STATE_KEY, value: seal(store.state) }];
  for (const record of old) {
    const key = expiredKey(record.id);
    if (record.type !== "closed") {
      expired.set(key, addSequence(expired.get(key) ?? [], record.id.sequence));
    }
    operations.push(...deleteRecord(record));
  }
  for (const [key, ranges] of expired) operations.push({ type: "put", key, value: seal(ranges) });
  await database.write(operations, { sync: false });
  return old.length;
}

/** The records that the step deletes. */
async function oldestRecords(
  { database, state }: LoadedStore,
  { recordsMax, storedBeforeMs = -Infinity, limit }: RetentionStep,
): Promise<readonly StoredRecord[]> {
  const tooMany = recordsMax === undefined ? 0 : state.recordCount - recordsMax;
  if (tooMany <= 0 && storedBeforeMs === -Infinity) return [];
  const old: StoredRecord[] = [];
  const snapshot = database.snapshot();
  try {
    for await (const { record } of scanRecords(database, positionRange(state.firstPosition), snapshot)) {
      if (old.length >= limit || !(old.length < tooMany || record.storedAtMs < storedBeforeMs)) break;
      old.push(record);
    }
  } finally {
    await snapshot.close();
  }
  return old;
}
