/** Appends records: one batch for the records, what is derived from them, the totals and the state of the store. */

import { Buffer } from "node:buffer";
import { CHAIN_START, chained } from "../../task/record-chain.js";
import type { SourceTotals } from "../../task/reports.js";
import type { Operation } from "../database.js";
import { putDerivedEntries } from "./level-entries.js";
import { identityKey, recordKey, STATE_KEY, totalsKey } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { settledBefore } from "./level-settled.js";
import { seal } from "./record-codec.js";
import { outcomeOf, placeRecord, type Appended, type NewRecord } from "./store.js";
import { countRecord, NO_TOTALS } from "./totals.js";

/** Resolves once the records are on disk; only then is `store` changed. @throws an error of level, or `store-corrupt` */
export async function appendRecords(
  store: LoadedStore,
  records: readonly NewRecord[],
): Promise<readonly Appended[]> {
  const { database } = store;
  const settled = await settledBefore(
    database,
    records.map(({ id }) => id),
  );
  const totals = new Map<string, SourceTotals>();
  const operations: Operation[] = [];
  let { nextPosition, lastChain = CHAIN_START } = store.state;
  let bytes = 0;
  const appended = records.map((record): Appended => {
    const key = identityKey(record.id);
    const known = settled.get(key);
    const outcome = outcomeOf(record);
    if (known !== undefined) return { status: "existing", outcome: known ?? outcome };
    const stored = chained(placeRecord(record, nextPosition++), lastChain);
    lastChain = stored.chain ?? lastChain;
    const { sourceId } = record.id;
    const before = totals.get(sourceId) ?? store.totals.get(sourceId) ?? NO_TOTALS;
    settled.set(key, outcome);
    totals.set(sourceId, countRecord(before, record));
    const value = seal(stored);
    bytes += Buffer.byteLength(value);
    operations.push({ type: "put", key: recordKey(stored.position), value }, ...putDerivedEntries(stored));
    return { status: "stored", record: stored };
  });
  if (operations.length === 0) return appended;
  const added = nextPosition - store.state.nextPosition;
  const { recordBytes } = store.state;
  const state = {
    ...store.state,
    nextPosition,
    recordCount: store.state.recordCount + added,
    ...(recordBytes !== undefined && { recordBytes: recordBytes + bytes }),
    lastChain,
  };
  for (const [source, counts] of totals) {
    operations.push({ type: "put", key: totalsKey(source), value: seal(counts) });
  }
  operations.push({ type: "put", key: STATE_KEY, value: seal(state) });
  await database.write(operations, { sync: true });
  store.state = state;
  for (const [source, counts] of totals) store.totals.set(source, counts);
  return appended;
}
