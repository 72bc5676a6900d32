/**
 * What a node costs that has nothing to do: resident memory and processor time, each node in a process of its own.
 *
 * Measured: an edge node without a source, and a cloud node with a store in memory, both with all services known and no
 * model loaded, over ten seconds after fifteen to settle, in which V8 gives back what loading took. The edge is joined to a
 * hub, and the cloud listens. Not measured: many nodes, a store on disk. Baseline: a process of Node alone.
 *
 * Usage: `node dist/bench/e2e/idle-node.js`
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { report, rounded } from "../report.js";

const ROLES = ["none", "edge", "cloud"] as const;
type Role = (typeof ROLES)[number];
const NAMES = { none: "Node alone (baseline)", edge: "edge node", cloud: "cloud node" } as const;
const SETTLE_MS = 15_000;
const MEASURE_MS = 10_000;

interface Figures {
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly heapBytes: number;
  readonly cpuShare: number;
  /** From the start of the process. */
  readonly startedMs: number;
}

const [role, hubUrl = ""] = process.argv.slice(2);
if (role === undefined) await main();
else if (role === "hub") process.send?.(await start("cloud"));
else await idle(role as Role);

async function main(): Promise<void> {
  const figures: [Role, Figures][] = [];
  // One after the other: they would share pages and processors.
  for (const each of ROLES) figures.push([each, await measure(each)]);
  report(
    `An idle node, ${MEASURE_MS / 1_000} s after ${SETTLE_MS / 1_000} s to settle`,
    Object.fromEntries(
      figures.map(([each, { residentBytes, peakBytes, heapBytes, cpuShare, startedMs }]) => [
        NAMES[each],
        {
          "RSS MB": rounded(residentBytes / 1e6),
          "peak RSS MB": rounded(peakBytes / 1e6),
          "heap MB": rounded(heapBytes / 1e6),
          "CPU % of a core": rounded(cpuShare * 100),
          "started ms": rounded(startedMs),
          goal: each === "none" ? "" : "<= 80 MB, ~0 %",
        },
      ]),
    ),
  );
}

async function measure(each: Role): Promise<Figures> {
  const self = fileURLToPath(import.meta.url);
  // An edge has a hub that it is joined to; that one is not measured.
  const hub = each === "edge" ? fork(self, ["hub"]) : null;
  const url = hub === null ? "" : await new Promise<string>((resolve) => void hub.once("message", resolve));
  try {
    return await new Promise((resolve, reject) => {
      const child = fork(self, [each, url]);
      child.once("message", (figures) => resolve(figures as Figures));
      child.once("exit", (code) => reject(new Error(`The ${each} node ended with ${code}`)));
    });
  } finally {
    hub?.kill();
  }
}

async function idle(as: Role): Promise<void> {
  if (as !== "none") await start(as);
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const [sinceMs, cpu] = [performance.now(), process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  const { user, system } = process.cpuUsage(cpu);
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({
    residentBytes: rss,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    heapBytes: heapUsed,
    cpuShare: (user + system) / 1_000 / (performance.now() - sinceMs),
    startedMs,
  } satisfies Figures);
  process.disconnect();
  process.exit();
}

/** Imports only here, so that the baseline loads nothing. */
/** @returns where it is reached */
async function start(as: "edge" | "cloud"): Promise<string> {
  const { MemoryStore } = await import("../../src/storage/results/memory-store.js");
  const { startNode } = await import("../../src/node/node.js");
  const { SERVICES } = await import("../../src/services/catalogue.js");
  const { silentLogger } = await import("../../src/runtime/log.js");
  const node = await startNode({
    name: as === "cloud" ? "cloud" : "edge-1",
    ...(as === "cloud" ? { listen: "ws://127.0.0.1:0", store: new MemoryStore() } : { join: hubUrl }),
    services: SERVICES,
    log: silentLogger,
  });
  return node.cluster?.url ?? "";
}
