/**
 * Writes to a store, a hub's state or journals on a disk that fails on order (`faulting-disk.c`, preloaded): one fault after the other, each
 * at every write. Prints `KIND N TIMES: PROBLEM` where something that was acknowledged is not there, and at the end how
 * many runs there were and how many faults fired.
 *
 * `again` tries each write until it is acknowledged; `once` the last one alone, and then those before it must be there, too.
 *
 * Usage: `LD_PRELOAD=... FAULT_CONTROL=FILE node faulted-writes.js FOLDER store|state|journals again|once`
 */

import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyAsKilled } from "../copy-as-killed.js";
import { DURABLE_SUBJECTS, type DurableKind, type DurableWriter } from "../durable-subject.js";

const [folder = "", kind = "store", tries = "again"] = process.argv.slice(2);
const control = process.env["FAULT_CONTROL"] ?? "";
const subject = DURABLE_SUBJECTS[kind as DurableKind];

const FAULTS = ["short", "enospc", "eio", "fsync"] as const;
/** Operations that a run has at least. */
const PLACES = 9;
/** One failure, and so many that opening again fails, too. */
const TIMES = [1, 4] as const;
const WRITES = 7;
const TRIES_MAX = 50;

let runs = 0;
for (const fault of FAULTS) {
  for (const times of TIMES) {
    for (let place = 1; place <= PLACES; place++) {
      const path = join(folder, `${fault}-${times}-${place}`);
      const acknowledged = await run(path, `${fault} ${place} ${times} ${path}`);
      const crashed = await powerLost(path);
      give("none 0 0 -");
      const problem = await subject.problem(crashed, acknowledged);
      if (problem !== null) console.log(`${fault} ${place} ${times}: ${problem}`);
      runs += 1;
    }
  }
}
const fired = existsSync(`${control}.fired`) ? readFileSync(`${control}.fired`, "utf8").length / 2 : 0;
console.log(`${runs} runs, ${fired} faults`);
// What was opened is left open, as a process that is killed leaves it.
process.exit(0);

/** @returns how many writes were acknowledged */
async function run(path: string, order: string): Promise<number> {
  // Two openings, so that there are tables beside the log.
  give("none 0 0 -");
  await (await subject.open(path)).close();
  const writer = await subject.open(path);
  give(order);
  for (let sequence = 0; sequence < WRITES; sequence++) {
    if (tries === "once" && sequence < WRITES - 1) await writer.write(sequence).catch(() => {});
    else await writeAtLast(writer, sequence);
  }
  return WRITES;
}

async function writeAtLast(writer: DurableWriter, sequence: number): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await writer.write(sequence);
    } catch (error) {
      if (failures === TRIES_MAX) throw error;
    }
  }
}

function give(text: string): void {
  writeFileSync(control, text);
}

/** A copy as the disk would be if the power went now: without what no log was synced with. */
async function powerLost(path: string): Promise<string> {
  const copy = `${path}-crashed`;
  await copyAsKilled(path, copy);
  const synced = new Map<string, number>();
  for (const line of readFileSync(`${control}.synced`, "utf8").split("\n")) {
    const at = line.indexOf(" ");
    if (at > 0) synced.set(line.slice(at + 1), Number(line.slice(0, at)));
  }
  for (const file of readdirSync(copy)) {
    if (file.endsWith(".log")) truncateSync(join(copy, file), synced.get(join(path, file)) ?? 0);
  }
  return copy;
}
