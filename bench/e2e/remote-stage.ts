/**
 * Tasks over two processes: what a stage costs that runs on another node, how many tasks a second go through two stages
 * there and here, and how soon a node works that has just joined.
 *
 * Measured: no-op stages, tasks of one frame of 100 kB, results stored in memory on the cloud; from the submission to the
 * settling at the source's node. The stage's own share is what a remote task takes beyond one whose only stage is local.
 * Not measured: inference, networks, a store on disk.
 *
 * Usage: `node dist/bench/e2e/remote-stage.js`
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import {
  controllerAddress,
  type QueuesReported,
  type ControllerMessage,
} from "../../src/actors/protocol/controller.js";
import type { SchedulerMessage, PolicyReply } from "../../src/actors/protocol/scheduler.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, percentile, report, rounded, type Row } from "../report.js";
import { attachLoad, NOOP_SERVICES, noopChain } from "../cases/cluster/load.js";

const SIZE = { width: 182, height: 183 };
const FRAME = new Uint8Array(new SharedArrayBuffer(SIZE.width * SIZE.height * 3));
const SELF = fileURLToPath(import.meta.url);
const common = { services: NOOP_SERVICES, log: silentLogger } as const;
const ROUNDS = 5;

/** Names the stages' nodes to the scheduler, and waits until this node routes so. */
async function place(
  node: SluiceNode,
  id: SourceId,
  pipeline: Pipeline,
  placement: Readonly<Record<string, string>>,
): Promise<void> {
  const { system } = node;
  const scheduler = system.resolve<SchedulerMessage>("sluice://cloud/scheduler");
  const policy = { name: "fixed", parameters: { placement } };
  const source = { id, node: node.name, pipeline, configuration: DEFAULT_CONFIGURATION, policy };
  const before = await epochOf(node);
  const reply = await system.ask<SchedulerMessage, PolicyReply>(
    scheduler,
    (replyTo) => ({ type: "registerSource", source, replyTo }),
    { lane: "control" },
  );
  if (reply.type === "policyRefused") throw reply.error;
  while ((await epochOf(node)) === before) await new Promise((resolve) => void setTimeout(resolve, 1));
}

async function epochOf({ name, system }: SluiceNode): Promise<number> {
  const controller = system.resolve<ControllerMessage>(controllerAddress(name));
  const { epoch } = await system.ask<ControllerMessage, QueuesReported>(controller, (replyTo) => ({
    type: "reportQueues",
    replyTo,
  }));
  return epoch;
}

async function main(): Promise<void> {
  const child = fork(SELF, ["hub"]);
  const url = await new Promise<string>((resolve) => void child.once("message", resolve));
  const edge = await startNode({ ...common, name: "edge-1", join: url });
  const rows: Record<string, Row> = {};
  const cases: readonly [string, Readonly<Record<string, string>>][] = [
    ["one stage, local (baseline)", { s0: "edge-1" }],
    ["one stage, on the cloud", { s0: "cloud" }],
    ["two stages, local and on the cloud", { s0: "edge-1", s1: "cloud" }],
  ];
  for (const [at, [name, placement]] of cases.entries()) {
    const pipeline = noopChain(Object.keys(placement).length);
    const sourceId = parseSourceId(`bench-${at}`);
    const load = attachLoad(edge, { sourceId, pipeline, frame: FRAME, size: SIZE });
    await place(edge, sourceId, pipeline, placement);
    await load.run(500, 4);
    const single = await load.run(2_000, 1);
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now();
      await load.run(3_000, 32);
      rates.push(3_000 / ((performance.now() - startedMs) / 1_000));
    }
    rows[name] = {
      "p50 us, one at a time": rounded(median(single)),
      "p99 us": rounded(percentile(single, 0.99)),
      "tasks / s, 32 under way": rounded(median(rates)),
    };
  }
  report("Tasks of 100 kB over two processes (goals: 300 us a remote stage, 3,000 tasks / s)", rows);

  const firsts: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    const node = await startNode({ ...common, name: `late-${round}`, join: url });
    const sourceId = parseSourceId(`first-${round}`);
    const pipeline = noopChain(1);
    const load = attachLoad(node, { sourceId, pipeline, frame: FRAME, size: SIZE });
    await place(node, sourceId, pipeline, { s0: node.name });
    await load.run(1, 1);
    firsts.push(performance.now() - startedMs);
    await node.terminate();
  }
  report("From joining to the first task stored, its worker started in between (goal: 300 ms)", {
    "a node in a running process": {
      "median ms": rounded(median(firsts)),
      "worst ms": rounded(Math.max(...firsts)),
    },
  });
  await edge.terminate();
  child.disconnect();
}

if (process.argv[2] === "hub") {
  const hub = await startNode({
    ...common,
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store: new MemoryStore(),
  });
  process.send?.(hub.cluster?.url);
  process.once("disconnect", () => process.exit());
} else {
  await main();
}
