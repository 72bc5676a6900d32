/** Deletes the oldest records, and remembers that their tasks were settled, and where their sources had come to. */

import type { Operation } from "../database.js";
import { deleteRecord } from "./level-entries.js";
import { joinTails, tailOf } from "./incarnation-tail.js";
import { expiredKey, expiredTailKey, positionRange, STATE_KEY } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { scanRecords, type Found } from "./level-scan.js";
import { expiredRanges, expiredTails } from "./level-settled.js";
import { seal } from "./record-codec.js";
import { addSequence } from "./sequence-ranges.js";
import type { RetentionStep } from "./store.js";

/** @returns how many records it has deleted @throws an error of level, or `store-corrupt` */
export async function expireRecords(store: LoadedStore, step: RetentionStep): Promise<number> {
  const { database } = store;
  if (step.bytesMax !== undefined && store.state.recordBytes === undefined) await countBytes(store);
  const oldest = await oldestRecords(store, step);
  const old = oldest.map(({ record }) => record);
  const last = old.at(-1);
  if (last === undefined) return 0;
  const recordCount = store.state.recordCount - old.length;
  const { recordBytes } = store.state;
  // Before they are deleted (LS4).
  store.state = {
    ...store.state,
    firstPosition: last.position + 1,
    recordCount,
    ...(recordBytes !== undefined && {
      recordBytes: oldest.reduce((left, { size }) => left - size, recordBytes),
    }),
    ...(last.chain !== undefined && { firstChain: last.chain }),
  };
  const ids = old.map(({ id }) => id);
  const expired = await expiredRanges(database, ids);
  const tails = await expiredTails(database, ids);
  const operations: Operation[] = [{ type: "put", key: STATE_KEY, value: seal(store.state) }];
  for (const record of old) {
    const key = expiredKey(record.id);
    if (record.type !== "closed") {
      expired.set(key, addSequence(expired.get(key) ?? [], record.id.sequence));
    }
    const tailKey = expiredTailKey(record.id);
    tails.set(tailKey, joinTails(tails.get(tailKey), tailOf(record)));
    operations.push(...deleteRecord(record));
  }
  for (const [key, ranges] of expired) operations.push({ type: "put", key, value: seal(ranges) });
  for (const [key, tail] of tails) if (tail) operations.push({ type: "put", key, value: seal(tail) });
  await database.write(operations, { sync: false });
  return old.length;
}

/** The records that the step deletes. */
async function oldestRecords(
  { database, state }: LoadedStore,
  { recordsMax, bytesMax = Infinity, storedBeforeMs = -Infinity, limit }: RetentionStep,
): Promise<readonly Found[]> {
  const tooMany = recordsMax === undefined ? 0 : state.recordCount - recordsMax;
  let tooLarge = (state.recordBytes ?? 0) - bytesMax;
  if (tooMany <= 0 && tooLarge <= 0 && storedBeforeMs === -Infinity) return [];
  const old: Found[] = [];
  const snapshot = database.snapshot();
  try {
    for await (const found of scanRecords(database, positionRange(state.firstPosition), snapshot)) {
      const isOld = old.length < tooMany || tooLarge > 0 || found.record.storedAtMs < storedBeforeMs;
      if (old.length >= limit || !isOld) break;
      tooLarge -= found.size;
      old.push(found);
    }
  } finally {
    await snapshot.close();
  }
  return old;
}

/** Once, of a store that has not counted them: what it writes next has the count. */
async function countBytes(store: LoadedStore): Promise<void> {
  const { database } = store;
  let recordBytes = 0;
  const snapshot = database.snapshot();
  try {
    for await (const { size } of scanRecords(database, positionRange(store.state.firstPosition), snapshot)) {
      recordBytes += size;
    }
  } finally {
    await snapshot.close();
  }
  store.state = { ...store.state, recordBytes };
}
