/** What a task and a message cost, counted without a clock, and whether that is more than it was. */

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export interface Costs {
  /** Messages that actors were given, a task. */
  readonly messages: number;
  /** Frames between nodes, a task. */
  readonly frames: number;
  /** Bytes of these, a task. */
  readonly wireBytes: number;
  /** Timers and turns of mailboxes and links, a task. */
  readonly wakes: number;
  /** Bytes of the heap that a tell of a number to a local actor allocates. */
  readonly tellHeapBytes: number;
  /** The same of a small message to another node, at both ends. */
  readonly messageHeapBytes: number;
  /** Of one with 100,000 bytes: on the heap, and in buffers, where each copy of them counts. */
  readonly frameHeapBytes: number;
  readonly frameBufferBytes: number;
}

/** What is kept: allocations are those of one version of Node. */
export interface KeptCosts extends Costs {
  readonly node: number;
}

const FILE = fileURLToPath(new URL("../../../bench/costs/costs.json", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./measure.js", import.meta.url));
const MEASURE_FLAGS =
  "--expose-gc --no-opt --no-sparkplug --min-semi-space-size=64 --max-semi-space-size=128".split(" ");
/** By so much a figure may grow unseen: a tick more or less, not a message a task or a copy of a frame. */
const TOLERANCE: Readonly<Record<keyof Costs, number>> = {
  messages: 0.03,
  frames: 0.05,
  wireBytes: 0.05,
  wakes: 0.05,
  tellHeapBytes: 0.05,
  messageHeapBytes: 0.05,
  frameHeapBytes: 0.05,
  frameBufferBytes: 0.02,
};
/** What another version of Node allocates for itself is no change of ours. */
const OF_NODE: ReadonlySet<string> = new Set(["tellHeapBytes", "messageHeapBytes", "frameHeapBytes"]);
export const NODE_MAJOR = Number(process.versions.node.split(".")[0]);

/**
 * @param parts what is counted: `tasks`, `messages`
 * @param program the compiled `measure.ts`. Default: the one beside this file
 */
export function measureCosts(
  parts: readonly ("tasks" | "messages")[],
  program: string = PROGRAM,
): Promise<Partial<Costs>> {
  const args = [...MEASURE_FLAGS, program, ...parts];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { encoding: "utf8" }, (error, stdout, stderr) => {
      // Our own program wrote it.
      if (error === null) resolve(JSON.parse(stdout) as Partial<Costs>);
      else reject(new Error(`Cannot count costs: ${stderr}`, { cause: error }));
    });
  });
}

export async function readCosts(): Promise<KeptCosts> {
  return JSON.parse(await readFile(FILE, "utf8")) as KeptCosts;
}

export async function writeCosts(costs: Partial<Costs>): Promise<void> {
  const rounded = Object.entries(costs).map(([name, value]: [string, number]) => [
    name,
    Number(value.toFixed(2)),
  ]);
  const kept = { node: NODE_MAJOR, ...Object.fromEntries(rounded) };
  await writeFile(FILE, `${JSON.stringify(kept, null, 2)}\n`);
}

export interface Growth {
  readonly name: keyof Costs;
  readonly kept: number;
  readonly now: number;
}

/** Figures that are larger than was kept, by more than they may be. */
export function grownCosts(
  { node, ...kept }: KeptCosts,
  now: Partial<Costs>,
  major = NODE_MAJOR,
): readonly Growth[] {
  return Object.entries(now).flatMap(([key, value]) => {
    // A key of the table.
    const name = key as keyof Costs;
    if (OF_NODE.has(name) && node !== major) return [];
    return value > kept[name] * (1 + TOLERANCE[name]) ? [{ name, kept: kept[name], now: value }] : [];
  });
}
