/** How soon the programs work that a user starts: a node is a member of its cluster, and a demo has stored its first task. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { openStore } from "../../../src/storage/results/open-store.js";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { ended } from "../cluster/start-nodes.js";
import { OURS } from "../micro/systems.js";

const SLUICE = fileURLToPath(new URL("../../../program/sluice.js", import.meta.url));
const START = fileURLToPath(new URL("../../../program/start.js", import.meta.url));

const nodeAlone: Subject = {
  name: "a process of Node that does nothing, to its end",
  open: () => Promise.resolve({ run: runNothing, close: () => {} }),
};

export const member: BenchCase = {
  name: "e2e/member",
  kind: "latency",
  operation: "starts",
  measures: "From the start of the process of `sluice join` until the hub counts the node among its members.",
  excludes: "networks, TLS, the building of the program",
  goals: [{ statistic: "p50", atMost: 150 }],
  plan: { rounds: 7, warmUps: 1, roundMs: 0 },
  subjects: [{ name: OURS, open: openJoining }, nodeAlone],
};

export const firstTask: BenchCase = {
  name: "e2e/first-task",
  kind: "latency",
  operation: "starts",
  measures:
    "From the start of the process of `npm start` until the first task of the demo is stored on disk.",
  excludes: "the building of the program, models that a user provides",
  goals: [{ statistic: "p50", atMost: 1_000 }],
  plan: { rounds: 5, warmUps: 1, roundMs: 0 },
  subjects: [{ name: OURS, open: () => Promise.resolve(openDemo()) }, nodeAlone],
};

async function openJoining(): Promise<OpenSubject> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  let starts = 0;
  let up = (_name: string): void => {};
  const hub = await startNode({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store: new MemoryStore(),
    log: silentLogger,
    onCluster(event) {
      if (event.type === "memberUp") up(event.member.name);
    },
  });
  return {
    async run(round) {
      const name = `edge-${(starts += 1)}`;
      const joined = new Promise<void>((resolve) => {
        up = (who) => {
          if (who === name) resolve();
        };
      });
      const startedMs = performance.now();
      const args = ["join", hub.cluster?.url ?? "", "--name", name, "--journal", join(folder, name)];
      const child = spawn(process.execPath, [SLUICE, ...args], { stdio: "ignore" });
      const early = once(child, "exit").then(() =>
        Promise.reject(new Error("It ended before it was a member")),
      );
      await Promise.race([joined, early]);
      round.took(performance.now() - startedMs);
      early.catch(() => {});
      await ended(child);
    },
    async close() {
      await hub.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openDemo(): OpenSubject {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  let starts = 0;
  return {
    async run(round) {
      const path = join(folder, `store-${(starts += 1)}`);
      const startedAtMs = Date.now();
      const args = [START, "--limit", "2", "--json", "--store", path];
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
      await once(child, "exit");
      const store = await openStore(path);
      const { records } = await store.read({ fromPosition: 0, limit: Infinity });
      await store.close();
      const stored = records.flatMap((record) => (record.type === "result" ? [record.storedAtMs] : []));
      if (child.exitCode !== 0 || stored.length === 0 || records.some(({ type }) => type === "gap")) {
        throw new Error(`It ended with ${child.exitCode}, and stored ${stored.length} tasks`);
      }
      round.took(Math.min(...stored) - startedAtMs);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runNothing(round: Round): Promise<void> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  round.took(performance.now() - startedMs);
}
