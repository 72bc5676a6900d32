/** What nodes cost that have nothing to do: the hub that holds many, and one of them by itself. */

import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BenchCase, OpenSubject, Subject } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { ended } from "../cluster/start-nodes.js";
import type { IdleRole, IdleUsage } from "./idle-program.js";

const NODES = 200;
const HOLD_MS = 4_000;
/** V8 gives back in it what loading took. */
const SETTLE_MS = 10_000;

export const idleHub: BenchCase = {
  name: "scale/idle-hub",
  kind: "amount",
  operation: "percent of a core",
  measures: `Processor time of a hub that holds ${NODES} members with nothing to do, heartbeats and all.`,
  excludes: "monitors, sources, networks",
  goals: [{ statistic: "value", atMost: 2 }],
  plan: { rounds: 2, warmUps: 1, roundMs: HOLD_MS },
  subjects: [
    of(`${OURS}, a hub with ${NODES}`, "crowded-hub", coreShare),
    of("Node alone", "none", coreShare),
  ],
};

export const idleCpu: BenchCase = {
  name: "scale/idle-edge-cpu",
  kind: "amount",
  operation: "percent of a core",
  measures: `Processor time of an edge node without a source, joined to a hub, ${SETTLE_MS / 1_000} s after its start.`,
  excludes: "models that are loaded",
  goals: [{ statistic: "value", atMost: 0.2 }],
  plan: { rounds: 2, warmUps: 0, roundMs: HOLD_MS },
  subjects: [of(`${OURS}, an edge`, "edge", coreShare), of("Node alone", "none", coreShare)],
};

export const idleMemory: BenchCase = {
  name: "scale/idle-edge-memory",
  kind: "amount",
  operation: "bytes",
  measures: `Resident memory of an edge node without a source, joined to a hub, ${SETTLE_MS / 1_000} s after its start.`,
  excludes: "models that are loaded",
  goals: [{ statistic: "value", atMost: 60e6 }],
  plan: { rounds: 1, warmUps: 0, roundMs: 0 },
  subjects: [of(`${OURS}, an edge`, "edge", memory), of("Node alone", "none", memory)],
};

type Measure = (usage: () => Promise<IdleUsage>, lengthMs: number) => Promise<number>;

async function coreShare(usage: () => Promise<IdleUsage>, lengthMs: number): Promise<number> {
  const before = await usage();
  await sleep(lengthMs);
  const after = await usage();
  return ((after.cpuMs - before.cpuMs) / (after.atMs - before.atMs)) * 100;
}

async function memory(usage: () => Promise<IdleUsage>): Promise<number> {
  return (await usage()).residentBytes;
}

function of(name: string, role: IdleRole, measure: Measure): Subject {
  return {
    name,
    async open(): Promise<OpenSubject> {
      const url = { hub: "" };
      const others: ChildProcess[] = [];
      if (role === "edge") {
        const hub = await start("hub", "");
        others.push(hub.child);
        url.hub = hub.url;
      }
      const own = await start(role, url.hub);
      if (role === "crowded-hub") others.push((await start("crowd", own.url, NODES)).child);
      const settledAtMs = performance.now() + SETTLE_MS;
      return {
        async run(round) {
          await sleep(Math.max(0, settledAtMs - performance.now()));
          round.amounts(await measure(() => usageOf(own.child), round.lengthMs));
        },
        async close() {
          await Promise.all([own.child, ...others].map(ended));
        },
      };
    },
  };
}

async function start(
  role: IdleRole,
  url: string,
  count = 1,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = fork(fileURLToPath(new URL("idle-program.js", import.meta.url)), [role, url, String(count)]);
  return await new Promise((resolve, reject) => {
    // Both ends are this folder.
    child.once("message", (at) => resolve({ child, url: at as string }));
    child.once("exit", (code) => reject(new Error(`The ${role} ended with ${code}`)));
  });
}

function usageOf(child: ChildProcess): Promise<IdleUsage> {
  // Both ends are this folder.
  const told = new Promise<IdleUsage>(
    (resolve) => void child.once("message", (usage) => resolve(usage as IdleUsage)),
  );
  child.send("usage");
  return told;
}
