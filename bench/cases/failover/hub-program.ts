/**
 * A hub over a store on disk, which tells its parent when it listens, and when all nodes have acknowledged a table with the
 * plans that it is told. Usage: by `fork`, with what it is told in `SLUICE_BENCH_HUB`.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createControl } from "../../../src/operator/control.js";
import type { TableReported } from "../../../src/actors/protocol/scheduler.js";
import { startNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { openStore } from "../../../src/storage/results/open-store.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { NOOP_SERVICES } from "../cluster/load.js";

export interface HubToStart {
  readonly listen: string;
  readonly folder: string;
  /** Besides the hub. */
  readonly nodes: number;
  /** Of every source, by its id: stage to node, and its rate. */
  readonly plans: Readonly<Record<string, WantedPlan>>;
}

export interface WantedPlan {
  readonly placement: Readonly<Record<string, string>>;
  readonly fps: number;
}

const told = JSON.parse(process.env["SLUICE_BENCH_HUB"] ?? "{}") as HubToStart;
const hub = await startNode({
  name: "cloud",
  listen: told.listen,
  services: NOOP_SERVICES,
  log: silentLogger,
  store: await openStore(told.folder),
});
process.once("disconnect", () => process.exit());
process.send?.({ type: "listens", url: hub.cluster?.url });
const control = createControl(hub.system, hub.cloud, () => 0);
while (!inForce(await control.table())) await sleep(2);
process.send?.({ type: "inForce" });

function inForce({ table, acknowledged }: TableReported): boolean {
  if (table === null || Object.keys(acknowledged).length !== told.nodes + 1) return false;
  if (Object.values(acknowledged).some((epoch) => epoch !== table.epoch)) return false;
  return Object.entries(told.plans).every(([id, { placement, fps }]) => {
    const plan = table.sources.get(parseSourceId(id));
    return (
      plan?.configuration.fps === fps &&
      [...plan.placement].every(([stage, nodes]) => nodes[0] === placement[stage])
    );
  });
}
