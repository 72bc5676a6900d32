/**
 * Writes records to a store for ever and prints each batch that it was told is durable, as `from-to` of its sequences.
 *
 * Usage: `node store-writer.js FOLDER FIRST_SEQUENCE`
 */

import { writeSync } from "node:fs";
import { openStore } from "../../../src/storage/results/open-store.js";
import { newRecord } from "../records.js";

const [folder = "", first = "0"] = process.argv.slice(2);
const store = await openStore(folder);
writeSync(1, "open\n");
for (let from = Number(first); ;) {
  const count = 1 + (from % 7);
  await store.append(
    Array.from({ length: count }, (_, i) => newRecord({ sequence: from + i, gap: (from + i) % 5 === 0 })),
  );
  writeSync(1, `${from}-${from + count - 1}\n`);
  from += count;
}
