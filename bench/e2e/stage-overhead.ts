/**
 * What the runtime adds to a stage: a chain of no-op stages on one node, from the controller that is given a task to the
 * distributor that has stored it.
 *
 * Measured: routing, mailboxes, the desk, the processor and its queue, the round trip to the worker thread and back, for
 * each stage, with a 640x360 RGB frame in the task. Not measured: capture, inference, disk (the store is in memory), and
 * links between nodes. Baseline: the bare round trip of the same frame to a worker thread and back, in the same run.
 *
 * Usage: `node dist/bench/e2e/stage-overhead.js [tasks]`
 */

import { createHistogram } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import { MemoryStore } from "../../src/actors/distributor/memory-store.js";
import { startLocalCluster } from "../../src/actors/local-cluster.js";
import type { GeneratorMessage } from "../../src/actors/protocol.js";
import { DEFAULT_CONFIGURATION } from "../../src/actors/task/configuration.js";
import { parseSourceId } from "../../src/actors/task/identity.js";
import { definePipeline, joinCursors, type Pipeline } from "../../src/actors/task/pipeline.js";
import type { ServiceDeclaration } from "../../src/actors/task/service.js";
import { createTask } from "../../src/actors/task/walk.js";
import { silentLogger } from "../../src/runtime/log.js";

const TASKS = Number(process.argv[2] ?? 3_000);
const WARM_UP = 500;
const STAGES = [1, 2, 4, 8];
const RUNS = 3;

const noop: ServiceDeclaration = {
  name: "noop",
  summary: "Finds nothing",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("./noop-service.js", import.meta.url).href,
};
const services = new Map([[noop.name, noop]]);
const frame = new Uint8Array(new SharedArrayBuffer(640 * 360 * 3));

interface Figures {
  readonly p50Us: number;
  readonly p99Us: number;
}

console.log(`${TASKS} tasks a run after ${WARM_UP}, one in flight, median of ${RUNS} runs\n`);
const bare = await median(bareRoundTrip);
console.log(`worker thread round trip (baseline)   p50 ${us(bare.p50Us)}  p99 ${us(bare.p99Us)}`);
for (const count of STAGES) {
  const chain = await median(() => runChain(count));
  const perStage = (chain.p50Us - bare.p50Us * count) / count;
  console.log(
    `${count} no-op stages, stored             p50 ${us(chain.p50Us)}  p99 ${us(chain.p99Us)}  ` +
      `a stage ${us(chain.p50Us / count)}, without the thread ${us(perStage)}`,
  );
}

async function median(run: () => Promise<Figures>): Promise<Figures> {
  const runs: Figures[] = [];
  for (let index = 0; index < RUNS; index += 1) runs.push(await run());
  runs.sort((a, b) => a.p50Us - b.p50Us);
  const middle = runs[Math.floor(runs.length / 2)];
  if (middle === undefined) throw new Error("No run");
  return middle;
}

async function bareRoundTrip(): Promise<Figures> {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads"); parentPort.on("message", (m) => parentPort.postMessage({ type: "completed", result: { type: "boxes", frames: [[]] } }));`,
    { eval: true },
  );
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      worker.once("message", () => resolve());
      worker.postMessage({ sourceId: "cam-1", frames: [{ ptsUs: 0, data: frame }] }, []);
    });
  const figures = await measure(once);
  await worker.terminate();
  return figures;
}

async function runChain(count: number): Promise<Figures> {
  const stages = Array.from({ length: count }, (_, index) => ({
    id: `s${index}`,
    service: "noop",
    after: index === 0 ? [] : [`s${index - 1}`],
  }));
  const pipeline = definePipeline({ id: `chain-${count}`, stages }, services);
  const cluster = startLocalCluster({ store: new MemoryStore(), services, edges: [], log: silentLogger });
  const node = cluster.cloud;
  const source = parseSourceId("bench");

  let settled = (): void => {};
  const generator = node.system.spawn<null, GeneratorMessage>(
    {
      start: () => null,
      receive(state, message) {
        if (message.type === "taskSettled") {
          if (message.outcome.status !== "stored") throw new Error(`Task dropped: ${message.outcome.reason}`);
          settled();
        }
        return state;
      },
    },
    { name: "bench-generator" },
  );
  node.controller.tell({ type: "attachGenerator", sourceId: source, pipeline, generator });
  let sequence = 0;
  const figures = await measure(
    () =>
      new Promise<void>((resolve) => {
        settled = resolve;
        for (const task of newTask(pipeline, sequence)) node.controller.tell({ type: "submit", task });
        sequence += 1;
      }),
  );
  await cluster.terminate();
  return figures;

  function newTask(of: Pipeline, number: number) {
    const nowMs = node.system.clock.now();
    return createTask({
      id: { sourceId: source, incarnation: 1, sequence: number },
      pipeline: of,
      configuration: DEFAULT_CONFIGURATION,
      payload: { encoding: "rgb", width: 640, height: 360, frames: [{ ptsUs: number, data: frame }] },
      sourceAtMs: nowMs,
      createdAtMs: nowMs,
      origin: generator.address,
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      joinNodes: new Map(joinCursors(of).map((cursor) => [cursor, node.name])),
    });
  }
}

async function measure(once: () => Promise<void>): Promise<Figures> {
  for (let index = 0; index < WARM_UP; index += 1) await once();
  const histogram = createHistogram();
  for (let index = 0; index < TASKS; index += 1) {
    const startedAt = process.hrtime.bigint();
    await once();
    histogram.record(process.hrtime.bigint() - startedAt);
  }
  return { p50Us: histogram.percentile(50) / 1_000, p99Us: histogram.percentile(99) / 1_000 };
}

function us(value: number): string {
  return `${value.toFixed(1).padStart(7)} us`;
}
