/**
 * What the runtime adds to a stage: a chain of no-op stages on one node, from the controller that is given a task to the
 * generator that is told it is stored.
 *
 * Measured: for each stage routing, mailboxes, the desk, the processor and its queue, and the round trip to the worker
 * thread; once for each task its creation, the distributor and the store in memory. One task with a 640x360 RGB frame
 * is in flight at a time. Not measured: capture, inference, disk, links between nodes, tasks that wait for each other.
 * Baseline: the bare round trip of the same frame to a worker thread and back, in the same run. The last column of a
 * chain is what is left of a stage without that. All of it goes through two threads at least: on a machine with fewer
 * free cores than that, it is the operating system's scheduling that is measured.
 *
 * Usage: `node dist/bench/e2e/stage-overhead.js [tasks, default 5000]`
 */

import { Worker } from "node:worker_threads";
import { MemoryStore } from "../../src/actors/distributor/memory-store.js";
import { startLocalCluster } from "../../src/actors/local-cluster.js";
import { parseSourceId } from "../../src/actors/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, percentile, report, rounded, type Row } from "../report.js";
import { attachLoad, NOOP_SERVICES, noopChain } from "./load.js";

const TASKS = Number(process.argv[2] ?? 5_000);
const WARM_UP = 1_000;
const STAGES = [1, 2, 4, 8];
const ROUNDS = 5;

const frame = new Uint8Array(new SharedArrayBuffer(640 * 360 * 3));

const bare = await rounds(bareRoundTrips);
const rows: Record<string, Row> = {
  "bare worker round trip (baseline)": { "p50 us": bare.p50, "p95 us": bare.p95, "p99 us": bare.p99 },
};
for (const count of STAGES) {
  const { p50, p95, p99 } = await rounds(() => storedChain(count));
  rows[count === 1 ? "1 stage, stored" : `${count} stages, stored`] = {
    "p50 us": p50,
    "p95 us": p95,
    "p99 us": p99,
    "p50 a stage us": rounded(p50 / count),
    "less the bare trip us": rounded(p50 / count - bare.p50),
    "goal a stage us": "<= 50",
  };
}
report(`Overhead of a no-op stage, medians of ${ROUNDS} rounds of ${TASKS} tasks`, rows);

async function rounds(round: () => Promise<readonly number[]>) {
  const taken: (readonly number[])[] = [];
  for (let index = 0; index < ROUNDS; index += 1) taken.push(await round());
  const at = (share: number) => rounded(median(taken.map((samples) => percentile(samples, share))));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

async function bareRoundTrips(): Promise<readonly number[]> {
  const answer = { type: "completed", result: { type: "boxes", frames: [[]] } };
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     parentPort.on("message", () => parentPort.postMessage(${JSON.stringify(answer)}));`,
    { eval: true },
  );
  let answered = (): void => {};
  worker.on("message", () => answered());
  const tookUs: number[] = [];
  for (let index = 0; index < WARM_UP + TASKS; index += 1) {
    const startedAtMs = performance.now();
    await new Promise<void>((resolve) => {
      answered = resolve;
      worker.postMessage({ sequence: index, frames: [{ ptsUs: index, data: frame }] }, []);
    });
    if (index >= WARM_UP) tookUs.push((performance.now() - startedAtMs) * 1_000);
  }
  await worker.terminate();
  return tookUs;
}

async function storedChain(count: number): Promise<readonly number[]> {
  const cluster = startLocalCluster({
    store: new MemoryStore(),
    services: NOOP_SERVICES,
    edges: [],
    log: silentLogger,
  });
  const load = attachLoad(cluster.cloud, {
    sourceId: parseSourceId("bench"),
    pipeline: noopChain(count),
    frame,
  });
  await load.run(WARM_UP, 1);
  const tookUs = await load.run(TASKS, 1);
  await cluster.terminate();
  return tookUs;
}
