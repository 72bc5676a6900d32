/** How soon the plans that were in force are in force again, at every node, where the hub was killed and is started anew. */

import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchCase, OpenSubject, Round } from "../../harness/case.js";
import { ended, startNodes, type NodesProcess, type SourceToAdd } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";
import type { HubToStart, WantedPlan } from "./hub-program.js";

const NODES = 3;
const SOURCES = 12;
const NEVER_MS = 2 ** 31 - 1;
const names = Array.from({ length: NODES }, (_, index) => `edge-${index + 1}`);
const nodeOf = (index: number): string => names[index % NODES] ?? "";
const plans = Object.fromEntries(
  Array.from({ length: SOURCES }, (_, index): [string, WantedPlan] => [
    `cam-${index}`,
    { placement: { s0: nodeOf(index), s1: "cloud" }, fps: 1 + (index % 7) },
  ]),
);
const sources = Object.entries(plans).map(([id, { placement, fps }], index): SourceToAdd => ({
  id,
  node: nodeOf(index),
  work: 2,
  everyMs: NEVER_MS,
  side: 16,
  policy: { name: "fixed", parameters: { configuration: { fps }, placement } },
}));

export const hubRestart: BenchCase = {
  name: "failover/hub-restart",
  kind: "latency",
  operation: "restarts",
  measures: `From the start of the process of a hub, over the store of one that was just killed, until all ${NODES} nodes have acknowledged the same plans for their ${SOURCES} sources.`,
  excludes: "networks, the time until somebody starts it",
  goals: [{ statistic: "p50", atMost: 1_000 }],
  plan: { rounds: 5, warmUps: 1, roundMs: 0 },
  subjects: [{ name: OURS, open }],
};

async function open(): Promise<OpenSubject> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-hub-"));
  const told = { folder: join(folder, "store"), nodes: NODES, plans };
  let hub = startHub({ ...told, listen: "ws://127.0.0.1:0" });
  const { url } = await hub.listens;
  const nodes: NodesProcess = await startNodes({ names, join: url, sources });
  await hub.inForce;
  return {
    async run(round: Round) {
      await hub.end();
      const startedMs = performance.now();
      hub = startHub({ ...told, listen: url });
      await hub.inForce;
      round.took(performance.now() - startedMs);
    },
    async close() {
      await nodes.end();
      await hub.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Hub {
  readonly listens: Promise<{ readonly url: string }>;
  /** The plans that it is to have are in force. */
  readonly inForce: Promise<unknown>;
  end(): Promise<void>;
}

type Said =
  { readonly type: "listens"; readonly url: string } | { readonly type: "inForce"; readonly plans: string };

function startHub(told: HubToStart): Hub {
  const child: ChildProcess = fork(fileURLToPath(new URL("hub-program.js", import.meta.url)), {
    env: { ...process.env, SLUICE_BENCH_HUB: JSON.stringify(told) },
  });
  const gone = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  // Both ends are this folder.
  const hear = <Type extends Said["type"]>(type: Type): Promise<Extract<Said, { readonly type: Type }>> =>
    new Promise((resolve, reject) => {
      child.on("message", (said: Said) => {
        if (said.type === type) resolve(said as Extract<Said, { readonly type: Type }>);
      });
      void gone.then(() => reject(new Error(`The hub ended before "${type}"`)));
    });
  return {
    listens: hear("listens"),
    inForce: hear("inForce"),
    end: () => ended(child),
  };
}
