/**
 * Tasks a second through a pipeline of two no-op stages, each task with a frame of 100 kB in shared memory.
 *
 * Measured: tasks settled a second and their latency with a window of 16 and of 64 tasks outstanding; both stages on one
 * edge, or the second one on the cloud, joined in memory; results kept in memory, or on disk by level,
 * and there with the default flush and with one write each 10 ms at most. Not measured: capture, inference, links between
 * machines. Baseline: the bare round trip of the same frame to a worker thread, with as many in flight, in the same run:
 * a task makes two.
 *
 * Every task must be stored, once, and by the nodes that the table says.
 *
 * Usage: `node dist/bench/e2e/throughput.js [tasks, default 10000]`
 */

import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { openStore } from "../../src/storage/results/open-store.js";
import { type FlushOptions } from "../../src/actors/distributor/spawn.js";
import { startLocalCluster, type LocalCluster } from "../../src/node/local-cluster.js";
import type { PolicyReply, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, percentile, report, rounded, type Row } from "../report.js";
import { attachLoad, NOOP_SERVICES, noopChain } from "../cases/cluster/load.js";

const TASKS = Number(process.argv[2] ?? 10_000);
const WARM_UP = 1_000;
const WINDOWS = [16, 64];
const ROUNDS = 3;
const CASES: readonly {
  readonly name: string;
  readonly second: "edge-1" | "cloud";
  readonly store: "memory:" | "level";
  readonly flush?: FlushOptions;
}[] = [
  { name: "edge only, memory", second: "edge-1", store: "memory:" },
  { name: "edge -> cloud, memory", second: "cloud", store: "memory:" },
  { name: "edge -> cloud, level", second: "cloud", store: "level" },
  { name: "edge -> cloud, level each 10 ms", second: "cloud", store: "level", flush: { periodMs: 10 } },
];

const frame = new Uint8Array(new SharedArrayBuffer(100_000));
const pipeline = noopChain(2);
const sourceId = parseSourceId("bench");

const rows: Record<string, Row> = {};
for (const window of WINDOWS) {
  const trips: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) trips.push(await bareRoundTrips(window));
  rows[`bare worker trips, ${window} under way (baseline)`] = { "per s": rounded(median(trips)) };
}
for (const each of CASES) {
  for (const window of WINDOWS) {
    const runs: Run[] = [];
    for (let round = 0; round < ROUNDS; round += 1) runs.push(await run(each, window));
    const of = (pick: (figures: Run) => number) => rounded(median(runs.map(pick)));
    rows[`${each.name}, window ${window}`] = {
      "per s": of((figures) => figures.perSecond),
      "p50 ms": of((figures) => figures.p50Ms),
      "p99 ms": of((figures) => figures.p99Ms),
      "goal per s": each.second === "cloud" ? ">= 3000" : "",
    };
  }
}
report(`Throughput of 2 no-op stages, medians of ${ROUNDS} rounds of ${TASKS} tasks of 100 kB`, rows);

interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function run({ second, store: kind, flush }: (typeof CASES)[number], window: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const store = await openStore(kind === "level" ? join(folder, "store") : kind);
  const cluster = await startLocalCluster({
    store,
    services: NOOP_SERVICES,
    log: silentLogger,
    ...(flush && { flush }),
  });
  const [edge] = cluster.edges;
  assert.ok(edge);
  const load = attachLoad(edge, { sourceId, pipeline, frame });
  await place(cluster, second);
  await load.run(WARM_UP, window);
  const startedAtMs = performance.now();
  const tookUs = await load.run(TASKS, window);
  const seconds = (performance.now() - startedAtMs) / 1_000;

  assert.equal(store.recordCount, WARM_UP + TASKS);
  const { records } = await store.read({ fromPosition: WARM_UP, limit: 100 });
  for (const record of records) {
    assert.deepEqual(record.type === "result" && record.hops.map(({ node }) => node), ["edge-1", second]);
  }
  await cluster.terminate();
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return {
    perSecond: TASKS / seconds,
    p50Ms: percentile(tookUs, 0.5) / 1_000,
    p99Ms: percentile(tookUs, 0.99) / 1_000,
  };
}

/** Has the scheduler publish a table with the second stage on a node, and waits until both nodes route by it. */
async function place(cluster: LocalCluster, second: "edge-1" | "cloud"): Promise<void> {
  const [edge] = cluster.edges;
  assert.ok(edge);
  const { system } = edge;
  const scheduler = system.resolve<SchedulerMessage>("sluice://cloud/scheduler");
  const placement = { s0: "edge-1", s1: second };
  const reply = await system.ask<SchedulerMessage, PolicyReply>(scheduler, (replyTo) => ({
    type: "registerSource",
    source: {
      id: sourceId,
      node: edge.name,
      pipeline,
      configuration: DEFAULT_CONFIGURATION,
      policy: { name: "fixed", parameters: { placement } },
    },
    replyTo,
  }));
  assert.equal(reply.type, "policySet");
  for (;;) {
    const { table, acknowledged } = await cluster.table();
    const epochs = [acknowledged["edge-1"], acknowledged["cloud"]];
    if (table?.sources.has(sourceId) === true && epochs.every((epoch) => epoch === table.epoch)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function bareRoundTrips(underWay: number): Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     parentPort.on("message", ({ sequence }) => parentPort.postMessage(sequence));`,
    { eval: true },
  );
  const trips = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let [sent, back] = [0, 0];
      const send = (): void =>
        worker.postMessage({ sequence: sent++, frames: [{ ptsUs: 0, data: frame }] }, []);
      worker.removeAllListeners("message");
      worker.on("message", () => {
        back += 1;
        if (back === count) resolve();
        else if (sent < count) send();
      });
      while (sent < Math.min(count, underWay)) send();
    });
  await trips(WARM_UP);
  const startedAtMs = performance.now();
  await trips(TASKS);
  const perSecond = (TASKS * 1_000) / (performance.now() - startedAtMs);
  await worker.terminate();
  return perSecond;
}
