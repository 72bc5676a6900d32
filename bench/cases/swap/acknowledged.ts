/** From the publication of a table for many sources until the last of many nodes has said that it routes by it. */

import { createControl } from "../../../src/operator/control.js";
import { startNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { SchedulerEvent } from "../../../src/actors/protocol/scheduler.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import { NOOP_SERVICES } from "../cluster/load.js";
import { startNodes, type SourceToAdd } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";

const NODES = 20;
const SOURCES = 100;
const STAGES = 5;
/** None gives a frame within the run. */
const NEVER_MS = 2 ** 31 - 1;
const names = Array.from({ length: NODES }, (_, index) => `edge-${index + 1}`);
const sources = Array.from({ length: SOURCES }, (_, index): SourceToAdd => ({
  id: `cam-${index}`,
  node: names[index % NODES] ?? "",
  work: STAGES,
  everyMs: NEVER_MS,
  side: 16,
  policy: { name: "cloud-only", parameters: {} },
}));

export const acknowledged: BenchCase = {
  name: "swap/acknowledged",
  kind: "latency",
  operation: "tables",
  measures: `From the publication of a table for ${SOURCES} sources of ${STAGES} stages until all ${NODES} nodes, in another process, and the hub have acknowledged it over ws.`,
  excludes: "networks, the decision",
  goals: [{ statistic: "p99", atMost: 50 }],
  subjects: [{ name: OURS, open }],
};

async function open(): Promise<OpenSubject> {
  let hear: (event: SchedulerEvent) => void = () => {};
  const hub = await startNode({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    services: NOOP_SERVICES,
    log: silentLogger,
    onSchedule: (event) => hear(event),
  });
  const nodes = await startNodes({ names, join: hub.cluster?.url ?? "", sources });
  const control = createControl(hub.system, hub.cloud, () => 0);
  let swaps = 0;
  return {
    async run(round) {
      do {
        // Each table differs from the one before.
        const fps = 11 + (Math.floor(swaps / SOURCES) % 2);
        const sourceId = parseSourceId(`cam-${swaps % SOURCES}`);
        swaps += 1;
        const all = new Promise<number>((resolve) => {
          const waitedFor = new Set<string>([...names, "cloud"]);
          let published: { readonly epoch: number; readonly atMs: number } | null = null;
          hear = (event) => {
            if (event.type === "tablePublished") {
              published ??= { epoch: event.epoch, atMs: performance.now() };
            } else if (published !== null && event.epoch >= published.epoch) {
              waitedFor.delete(event.node);
              if (waitedFor.size === 0) resolve(performance.now() - published.atMs);
            }
          };
        });
        await control.setPolicy(sourceId, { name: "fixed", parameters: { configuration: { fps } } });
        round.took(await all);
      } while (!round.over);
      const { table } = await control.table();
      if (table?.sources.size !== SOURCES)
        throw new Error(`The table has ${table?.sources.size ?? 0} sources`);
    },
    async close() {
      await nodes.end();
      await hub.terminate();
    },
  };
}
