/**
 * What a swap of the routing table costs the tasks in flight: their latency while tables are swapped all the time, beside
 * that without a swap.
 *
 * Measured: two edges and a hub in three processes; a source of 200 tasks a second with two stages; 1,000 random swaps,
 * each of which draws the nodes of both stages again. From the creation of a task to the storing of its result. All are
 * counted: none lost, none twice, and under how many tables they ran.
 * Not measured: networks, models, stages with state, and the start of a stage's worker on a node that never ran it (240 ms here,
 * for which its first tasks wait).
 *
 * Usage: `node dist/bench/e2e/swap.js`
 */

import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createControl } from "../../src/operator/control.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode } from "../../src/node/node.js";
import type { StoredResult } from "../../src/task/record.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createPrng } from "../../src/simulation/prng.js";
import { percentile, report, rounded, type Row } from "../report.js";
import { endlessCapture, NOOP_SERVICES, noopChain } from "./load.js";

const SELF = fileURLToPath(import.meta.url);
const common = { services: NOOP_SERVICES, log: silentLogger } as const;
const SOURCE = parseSourceId("cam");
const SWAPS = 1_000;
const SWAP_EVERY_MS = 10;
const NODES = ["edge-1", "edge-2", "cloud"];

async function main(): Promise<void> {
  const store = new MemoryStore();
  const hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  const children: ChildProcess[] = ["edge-2", "edge-1"].map((name) =>
    fork(SELF, [name, hub.cluster?.url ?? ""]),
  );
  while (store.recordCount < 400) await sleep(20);
  const control = createControl(hub.system, hub.cloud, () => 0);
  const prng = createPrng(1);
  const swap = (): Promise<void> =>
    control.setPolicy(SOURCE, {
      name: "fixed",
      parameters: { placement: { s0: [prng.pick(NODES)], s1: [prng.pick(NODES)] } },
    });
  // Each stage's worker has been started on each node.
  for (let swaps = 0; swaps < 60; swaps++) {
    await swap();
    await sleep(50);
  }
  const rows: Record<string, Row> = {};
  // What differs between places is no cost of the swap: the same places, drawn once a second and a hundred times.
  for (const [name, everyMs] of [
    ["a swap a second (baseline)", 1_000],
    [`${SWAPS} swaps, one every ${SWAP_EVERY_MS} ms`, SWAP_EVERY_MS],
  ] as const) {
    const from = store.nextPosition;
    const startedMs = performance.now();
    for (let swaps = 0; performance.now() - startedMs < SWAPS * SWAP_EVERY_MS; swaps++) {
      await swap();
      await sleep(Math.max(0, startedMs + (swaps + 1) * everyMs - performance.now()));
    }
    const { records } = await store.read({ fromPosition: from, limit: Infinity });
    const results = records.filter((record): record is StoredResult => record.type === "result");
    if (results.length !== records.length) throw new Error("A task was dropped");
    const latencies = results.map(({ createdAtMs, storedAtMs }) => storedAtMs - createdAtMs);
    rows[name] = {
      tasks: results.length,
      "tables that tasks ran under": new Set(results.flatMap(({ hops }) => hops.map(({ epoch }) => epoch)))
        .size,
      "p50 ms": rounded(percentile(latencies, 0.5)),
      "p99 ms": rounded(percentile(latencies, 0.99)),
      "worst ms": rounded(Math.max(...latencies)),
    };
  }
  report("Latency under swaps of the table (goal: 20 ms more at p99)", rows);
  for (const child of children) child.kill("SIGKILL");
  const { records } = await store.read({ fromPosition: 0, limit: Infinity });
  const sequences = records.map(({ id }) => id.sequence).sort((a, b) => a - b);
  // The last ones may be in flight.
  const gaps = sequences.slice(0, -64).filter((sequence, index) => sequence !== index).length;
  if (gaps > 0 || new Set(sequences).size !== sequences.length)
    throw new Error("A task is lost, or there twice");
  await hub.terminate();
}

async function beEdge(name: string, url: string): Promise<void> {
  const node = await startNode({ ...common, name, join: url });
  if (name !== "edge-1") return;
  const { source, capture } = endlessCapture({ replayable: true, bytes: 16 * 16 * 3, everyMs: 5 });
  await node.addSource({
    id: SOURCE,
    source,
    capture,
    pipeline: noopChain(2),
    configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
    window: { tasks: 64, bytes: 1 << 28 },
  });
}

const [, , role, url = ""] = process.argv;
if (role === undefined) {
  await main();
} else {
  await beEdge(role, url);
  process.once("disconnect", () => process.exit());
}
