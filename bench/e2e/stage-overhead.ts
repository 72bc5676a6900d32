/**
 * What the runtime adds to a stage: a chain of no-op stages on one node, from the controller that receives a task to the
 * generator that receives its settlement.
 *
 * Measured: for each stage routing, mailboxes, the stage inbox, the processor and its queue, and the round trip to the worker
 * thread; once for each task its creation, the distributor and the store in memory. One task with a 640x360 RGB frame
 * is in flight at a time. Not measured: capture, inference, disk, links between nodes, tasks that wait for each other.
 * Baseline: the bare round trip of the same frame to a worker thread and back, in the same run. The last column of a
 * chain is what is left of a stage without that. All of it goes through two threads at least: on a machine with fewer
 * free cores than that, it is the operating system's scheduling that is measured.
 *
 * Usage: `node dist/bench/e2e/stage-overhead.js [tasks, default 5000]`
 */

import { Worker } from "node:worker_threads";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startLocalCluster } from "../../src/node/local-cluster.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, percentile, report, rounded, type Row } from "../report.js";
import { attachLoad, NOOP_SERVICES, noopChain } from "../cases/cluster/load.js";

const TASKS = Number(process.argv[2] ?? 5_000);
const WARM_UP = 1_000;
const STAGES = [1, 2, 4, 8];
const ROUNDS = 5;

const frame = new Uint8Array(new SharedArrayBuffer(640 * 360 * 3));

interface Round {
  readonly chain: readonly number[];
  /** Taken just before: how fast threads wake each other changes with what else the machine does. */
  readonly bare: readonly number[];
}

const rounds = new Map<number, Round[]>(STAGES.map((count) => [count, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [count, taken] of rounds) {
    taken.push({ bare: await bareRoundTrips(), chain: await storedChain(count) });
  }
}
const rows: Record<string, Row> = {
  "bare worker round trip (baseline)": percentiles([...rounds.values()].flat().map(({ bare }) => bare)),
};
for (const [count, taken] of rounds) {
  const aStage = taken.map(({ chain }) => percentile(chain, 0.5) / count);
  rows[count === 1 ? "1 stage, stored" : `${count} stages, stored`] = {
    ...percentiles(taken.map(({ chain }) => chain)),
    "p50 a stage us": rounded(median(aStage)),
    "less the bare trip us": rounded(
      median(taken.map(({ chain, bare }) => percentile(chain, 0.5) / count - percentile(bare, 0.5))),
    ),
    "goal a stage us": "<= 50",
  };
}
report(`Overhead of a no-op stage, medians of ${ROUNDS} rounds of ${TASKS} tasks`, rows);

function percentiles(taken: readonly (readonly number[])[]): Row {
  const at = (share: number) => rounded(median(taken.map((samples) => percentile(samples, share))));
  return { "p50 us": at(0.5), "p95 us": at(0.95), "p99 us": at(0.99) };
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
  const cluster = await startLocalCluster({
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
