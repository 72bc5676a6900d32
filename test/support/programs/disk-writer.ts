/**
 * Writes to a store or to journals for ever: prints the number of each write that was acknowledged, and `failed` for each that
 * was not, which it tries again. After ten it waits for a line: what it writes meanwhile would take room that the next opening
 * needs.
 *
 * Usage: `node disk-writer.js store|journals FOLDER FIRST`
 */

import { once } from "node:events";
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { DURABLE_SUBJECTS, type DurableKind } from "../durable-subject.js";

const [kind = "store", folder = "", first = "0"] = process.argv.slice(2);
const writer = await DURABLE_SUBJECTS[kind as DurableKind].open(folder);
for (let sequence = Number(first); ; sequence++) {
  while (!(await written(sequence))) await setTimeout(5);
  writeSync(1, `${sequence}\n`);
  if (sequence === Number(first) + 10) await once(process.stdin, "data");
}

async function written(sequence: number): Promise<boolean> {
  try {
    await writer.write(sequence);
    return true;
  } catch {
    writeSync(1, "failed\n");
    return false;
  }
}
