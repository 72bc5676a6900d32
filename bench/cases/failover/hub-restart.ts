/**
 * How soon the plans that were in force are in force again, at every node, where the hub was killed and is started anew, as a user
 * starts it; an operator who connects as soon as there is a hub sees it.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readOperator, removeOperator, type HubAddress } from "../../../apps/cli/hub-folder.js";
import type { TableReported } from "../../../src/actors/protocol/scheduler.js";
import { connectOperator, type Operator } from "../../../src/operator/operator.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { BenchCase, OpenSubject, Round } from "../../harness/case.js";
import { startNodes, type NodesProcess, type SourceToAdd } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";

const SLUICE = fileURLToPath(new URL("../../../program/sluice.js", import.meta.url));
const SERVICES = fileURLToPath(new URL("../cluster/noop.js", import.meta.url));
const NODES = 3;
const SOURCES = 12;
const NEVER_MS = 2 ** 31 - 1;
const LOOK_MS = 2;
/** `ID.SECRET`. */
const TOKEN = /\w{10}\.[\w-]{40}/;
const PRINTED_MAX = 10_000;
const names = Array.from({ length: NODES }, (_, index) => `edge-${index + 1}`);
const nodeOf = (index: number): string => names[index % NODES] ?? "";
const plans = Array.from({ length: SOURCES }, (_, index) => ({
  id: `cam-${index}`,
  fps: 1 + (index % 7),
  placement: { s0: nodeOf(index), s1: "cloud" } as Readonly<Record<string, string>>,
}));
const sources = plans.map(({ id, fps, placement }, index): SourceToAdd => ({
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
  measures: `From the start of the process of \`sluice hub\`, over the store of one that was just killed, until all ${NODES} nodes have acknowledged the same plans for their ${SOURCES} sources, and an operator has been told.`,
  excludes: "networks, the time until somebody starts it",
  goals: [{ statistic: "p50", atMost: 1_000 }],
  plan: { rounds: 5, warmUps: 1, roundMs: 0 },
  subjects: [{ name: OURS, open }],
};

async function open(): Promise<OpenSubject> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-hub-"));
  const config = join(folder, "hub.yaml");
  writeFileSync(config, `services: [${JSON.stringify(SERVICES)}]\n`);
  const start = (listen: string): Hub => startHub({ store: join(folder, "store"), config, listen });
  let hub = start("127.0.0.1:0");
  const token = await hub.token;
  const { url } = await hub.address();
  const nodes: NodesProcess = await startNodes({ names, join: url, token, sources });
  await hub.inForce();
  return {
    async run(round: Round) {
      await hub.end();
      const startedMs = performance.now();
      hub = start(new URL(url).host);
      await hub.inForce();
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
  /** To join with; the first hub over a store prints one. */
  readonly token: Promise<string>;
  /** Resolves once it listens. */
  address(): Promise<HubAddress>;
  /** Resolves once the plans that it is to have are in force. */
  inForce(): Promise<void>;
  end(): Promise<void>;
}

interface HubToStart {
  readonly store: string;
  readonly config: string;
  readonly listen: string;
}

function startHub({ store, config, listen }: HubToStart): Hub {
  const args = ["hub", "--config", config, "--store", store, "--listen", listen];
  const child = spawn(process.execPath, [SLUICE, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const token = new Promise<string>((resolve) => {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-PRINTED_MAX);
      const [found] = TOKEN.exec(printed) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const address = async (): Promise<HubAddress> => {
    for (;;) {
      const found = await readOperator(store);
      if (found !== null) return found;
      if (child.exitCode !== null) throw new Error(`The hub ended with ${child.exitCode}`);
      await sleep(LOOK_MS);
    }
  };
  return {
    token,
    address,
    async inForce() {
      const { url, token: own } = await address();
      const operator: Operator = await connectOperator({ hub: url, token: own });
      while (!isInForce(await operator.table())) await sleep(LOOK_MS);
      await operator.close();
    },
    async end() {
      child.kill("SIGKILL");
      await gone;
      // Of the one that was killed.
      await removeOperator(store);
    },
  };
}

function isInForce({ table, acknowledged }: TableReported): boolean {
  if (table === null || Object.keys(acknowledged).length !== NODES + 1) return false;
  if (Object.values(acknowledged).some((epoch) => epoch !== table.epoch)) return false;
  return plans.every(({ id, fps, placement }) => {
    const plan = table.sources.get(parseSourceId(id));
    return (
      plan?.configuration.fps === fps &&
      [...plan.placement].every(([stage, nodes]) => nodes[0] === placement[stage])
    );
  });
}
