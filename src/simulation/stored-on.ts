/** What the disk of a simulated host holds at the end of a run. */

import { statedRecords } from "../storage/results/read-store.js";
import type { StoredRecord } from "../task/record.js";
import type { StoreStatement } from "../task/record-chain.js";
import type { SimulatedHost } from "./simulated-host.js";
import { SimulatedProcess } from "./simulated-process.js";
import { openSimulatedStore } from "./simulated-storage.js";
import type { VirtualTime } from "./virtual-time.js";

/** For a disk to be read at the end, in ms. */
const READ_MS = 60_000;

interface Stored {
  readonly records: readonly StoredRecord[];
  readonly statement: StoreStatement;
}

/** What another process finds in the results of a host whose own one was killed. */
export async function storedOn({ results, disk }: SimulatedHost, time: VirtualTime): Promise<Stored> {
  disk.health = "healthy";
  const reader = new SimulatedProcess(time, 0);
  const read = { done: false };
  const reading = (async () => {
    const records: StoredRecord[] = [];
    // What was lost with its disk is missing: the audit finds it.
    const store = await openSimulatedStore(results, reader, () => {});
    const statement = await store.statement();
    for await (const record of statedRecords(store, statement)) records.push(record);
    return { records, statement };
  })().finally(() => (read.done = true));
  await time.runUntil(time.nowMs + READ_MS, () => read.done);
  return await reading;
}
