/** What a run left in a store. */

import { iterateRecords, openStoreForReading } from "../../src/storage/results/read-store.js";
import type { StoredGap, StoredResult } from "../../src/task/record.js";

/** Every record of a task, oldest first; fails where the store was damaged. */
export async function storedRecords(folder: string): Promise<readonly (StoredResult | StoredGap)[]> {
  const store = await openStoreForReading(folder, {
    onDamage: ({ damage }) => {
      throw new Error(`The store was damaged: ${damage.join(", ")}`);
    },
  });
  try {
    const records: (StoredResult | StoredGap)[] = [];
    for await (const record of iterateRecords(store)) {
      if (record.type !== "closed") records.push(record);
    }
    return records;
  } finally {
    await store.close();
  }
}

/** The results among them, in order of their tasks. */
export async function storedResults(folder: string): Promise<readonly StoredResult[]> {
  const records = await storedRecords(folder);
  return records
    .filter((record) => record.type === "result")
    .sort((a, b) => a.id.incarnation - b.id.incarnation || a.id.sequence - b.id.sequence);
}
