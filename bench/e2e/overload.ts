/**
 * A stage that is far too slow for its sources: whether memory stays flat, what becomes of the tasks, and whether control
 * still gets through.
 *
 * Measured: an edge process and the hub; a stage of 100 ms beside a live source of 100 frames a second, which must drop, and
 * one that can be read again, which must wait. The resident memory of both processes after the first quarter and at
 * the end, and round trips of control messages meanwhile.
 * Not measured: several sources, networks.
 *
 * Usage: `node dist/bench/e2e/overload.js [MINUTES]`, default 1
 */

import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStore } from "../../src/storage/results/open-store.js";
import { startNode } from "../../src/node/node.js";
import type { ControllerMessage, QueuesReported } from "../../src/actors/protocol/controller.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, percentile, report, rounded, type Row } from "../report.js";
import { endlessCapture } from "../cases/cluster/load.js";

const SELF = fileURLToPath(import.meta.url);
const SLOW: ServiceDeclaration = {
  name: "slow",
  summary: "Takes 100 ms and finds nothing",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("./slow-service.js", import.meta.url).href,
};
const SERVICES = new Map([[SLOW.name, SLOW]]);
const PIPELINE = definePipeline({ id: "slow", stages: [{ id: "s0", service: SLOW.name }] }, SERVICES);
const common = { services: SERVICES, log: silentLogger, limits: { processor: { replicas: 1 } } } as const;
const SIZE = { width: 320, height: 180 };

async function main(minutes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const store = await openStore(folder);
  const hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  const edge = fork(SELF, ["edge", hub.cluster?.url ?? ""]);
  const controller = hub.system.resolve<ControllerMessage>("sluice://edge-1/controller");
  while (store.recordCount < 20) await sleep(50);
  const trips: number[] = [];
  const weights: { readonly hub: number; readonly edge: number }[] = [];
  const untilMs = performance.now() + minutes * 60_000;
  while (performance.now() < untilMs) {
    const askedMs = performance.now();
    await hub.system.ask<ControllerMessage, QueuesReported>(
      controller,
      (replyTo) => ({ type: "reportQueues", replyTo }),
      { lane: "control" },
    );
    trips.push(performance.now() - askedMs);
    weights.push({ hub: process.memoryUsage.rss(), edge: residentBytes(edge.pid ?? 0) });
    await sleep(50);
  }
  const totals = store.totals();
  const row = (source: string): Row => {
    const { stored = 0, dropped = {} } = totals[source] ?? {};
    return { stored, "dropped, with its gap": Object.values(dropped).reduce((sum, count) => sum + count, 0) };
  };
  report(`A stage of 10 tasks / s, sources of 100 / s and without end, ${minutes} min`, {
    live: row("live"),
    "can be read again": row("file"),
  });
  const [early, late] = [weights[Math.floor(weights.length / 4)], weights.at(-1)];
  if (early === undefined || late === undefined) throw new Error("Nothing was weighed");
  report("Resident memory (goal: +-10 %)", {
    edge: growth(early.edge, late.edge),
    hub: growth(early.hub, late.hub),
  });
  report("Round trip of control from the hub to the edge meanwhile", {
    control: { "p50 ms": rounded(median(trips)), "p99 ms": rounded(percentile(trips, 0.99)) },
  });
  edge.kill("SIGKILL");
  await hub.terminate();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

function growth(early: number, late: number): Readonly<Record<string, number>> {
  return {
    "after a quarter MB": rounded(early / 1e6),
    "at the end MB": rounded(late / 1e6),
    ratio: rounded(late / early),
  };
}

async function beEdge(url: string): Promise<void> {
  const node = await startNode({ ...common, name: "edge-1", join: url });
  const bytes = SIZE.width * SIZE.height * 3;
  for (const [id, replayable] of [
    ["live", false],
    ["file", true],
  ] as const) {
    const { source, capture } = endlessCapture({ replayable, bytes, everyMs: 10 });
    await node.addSource({
      id: parseSourceId(id),
      source,
      capture,
      pipeline: PIPELINE,
      configuration: parseConfiguration({ ...SIZE, framesPerTask: 1 }),
    });
  }
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4_096;
}

const [, , role = "1", url = ""] = process.argv;
if (role === "edge") {
  await beEdge(url);
  process.once("disconnect", () => process.exit());
} else {
  await main(Number(role));
}
