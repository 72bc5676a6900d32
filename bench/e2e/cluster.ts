/**
 * How fast a cluster of processes notices what happens to it, and what it costs to hold many nodes.
 *
 * Measured: from the start of a process to its membership, and the part of it that is joining; from a SIGKILL, and from
 * silence (SIGSTOP), to the event at the hub; and the processor time of a hub whose 200 nodes, all in one other process,
 * do nothing but live.
 * Not measured: what the tasks of a node do when it dies; networks.
 *
 * Usage: `node dist/bench/e2e/cluster.js`
 */

import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import { createWsCarrier } from "../../src/transport/carriers/ws.js";
import type { Cluster } from "../../src/transport/cluster/cluster.js";
import { startHub } from "../../src/transport/cluster/hub.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import { median, report, rounded, type Row } from "../report.js";

const ROUNDS = 10;
const NODES = 200;
const HOLD_MS = 10_000;
const SELF = fileURLToPath(import.meta.url);
const carrier = createWsCarrier({ clock: systemClock });

async function join(name: string, url: string): Promise<Cluster> {
  const system = createActorSystem({ name, log: silentLogger });
  return joinCluster(system, { carrier, connect: { url }, token: null });
}

/** Joins `count` nodes in this process, and holds them until the parent disconnects. */
async function hold(url: string, count: number): Promise<void> {
  const startedMs = performance.now();
  for (let n = 0; n < count; n++) await join(`node-${process.pid}-${n}`, url);
  process.send?.({ joinMs: (performance.now() - startedMs) / count });
  process.once("disconnect", () => process.exit());
}

function child(url: string, count: number): ChildProcess {
  return fork(SELF, [url, String(count)]);
}

function next(cluster: Cluster, type: "memberUp" | "memberDown"): Promise<number> {
  return new Promise((resolve) => {
    let live = false;
    const end = cluster.subscribe((event) => {
      if (!live || event.type !== type) return;
      end();
      resolve(performance.now());
    });
    live = true;
  });
}

async function main(): Promise<void> {
  const system: ActorSystem = createActorSystem({ name: "hub", log: silentLogger });
  const cluster = await startHub(system, {
    carrier,
    listen: { url: "ws://127.0.0.1:0" },
    authority: null,
  });
  const url = cluster.url ?? "";
  const up: number[] = [];
  const joining: number[] = [];
  const killed: number[] = [];
  const stopped: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [signal, samples] of [
      ["SIGKILL", killed],
      ["SIGSTOP", stopped],
    ] as const) {
      const startedMs = performance.now();
      const joined = next(cluster, "memberUp");
      const node = child(url, 1);
      const reported = new Promise<{ joinMs: number }>(
        (resolve) => void node.once("message", resolve as never),
      );
      up.push((await joined) - startedMs);
      joining.push((await reported).joinMs);
      const down = next(cluster, "memberDown");
      const atMs = performance.now();
      node.kill(signal);
      samples.push((await down) - atMs);
      node.kill("SIGKILL");
    }
  }
  const row = (samples: readonly number[], goal: string): Row => ({
    "median ms": rounded(median(samples)),
    "worst ms": rounded(Math.max(...samples)),
    samples: samples.length,
    goal,
  });
  report("A node comes and goes", {
    "process started to member": row(up, ""),
    "of that: joining": row(joining, "50 ms"),
    "SIGKILL to down": row(killed, "100 ms"),
    "SIGSTOP to down": row(stopped, "1,500 ms"),
  });

  const crowd = child(url, NODES);
  await new Promise((resolve) => void crowd.once("message", resolve));
  const usage = process.cpuUsage();
  const startedMs = performance.now();
  let lost = 0;
  const end = cluster.subscribe((event) => {
    if (event.type === "memberDown") lost += 1;
  });
  await new Promise((resolve) => void setTimeout(resolve, HOLD_MS));
  end();
  const { user, system: kernel } = process.cpuUsage(usage);
  report(`A hub that holds ${NODES} idle nodes for ${HOLD_MS / 1_000} s`, {
    hub: {
      members: cluster.members.size - 1,
      "lost meanwhile": lost,
      "% of a core": rounded((user + kernel) / 10 / (performance.now() - startedMs)),
      "resident MB": rounded(process.memoryUsage.rss() / 1e6),
      goal: "5 % of a core",
    },
  });
  crowd.disconnect();
  await cluster.leave();
  await system.terminate();
}

const [url, count] = process.argv.slice(2);
if (url === undefined) await main();
else await hold(url, Number(count));
