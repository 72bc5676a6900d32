/**
 * How soon the tasks of a node run elsewhere that was killed, or that stands still.
 *
 * Measured: three processes on one machine; a source, a node that runs its stage, and the hub, to which the stage falls
 * when that node is gone. From the signal to the start of the first task elsewhere that had been with the node, and to the
 * storing of the last one of them. Each result is counted, once.
 * Not measured: networks, other machines, models that have to load first.
 *
 * Usage: `node dist/bench/e2e/failover.js`
 */

import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { Appended, NewRecord } from "../../src/storage/results/store.js";
import { startNode } from "../../src/node/node.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, report, rounded, type Row } from "../report.js";
import { endlessCapture, NOOP_SERVICES, noopChain } from "./load.js";

const SELF = fileURLToPath(import.meta.url);
const common = { services: NOOP_SERVICES, log: silentLogger } as const;
const WORKER = "edge-2";
const ROUNDS = 15;

/** Notes when what was delivered again was begun and stored. */
class WatchedStore extends MemoryStore {
  readonly again: { readonly startedAtMs: number; readonly storedAtMs: number }[] = [];
  byWorker = 0;

  override async append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    for (const record of records) {
      if (record.type !== "result") continue;
      const [hop] = record.hops;
      if (hop?.node === WORKER) this.byWorker += 1;
      else if (record.delivery > 1 && hop !== undefined) {
        this.again.push({ startedAtMs: hop.startedAtMs, storedAtMs: record.storedAtMs });
      }
    }
    return super.append(records);
  }
}

async function main(): Promise<void> {
  const store = new WatchedStore();
  const hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  const url = hub.cluster?.url ?? "";
  const now = (): number => hub.system.clock.now();
  const start = (role: string): ChildProcess => fork(SELF, [role, url]);
  let worker = start("worker");
  const source = start("source");
  const working = async (): Promise<void> => {
    const from = store.byWorker;
    await until(() => store.byWorker > from + 200);
    // Nothing of the round before comes any more.
    store.again.length = 0;
  };

  const rows: Record<string, Row> = {};
  for (const [name, signal] of [
    ["killed (SIGKILL; goal: 250 ms)", "SIGKILL"],
    ["stands still (SIGSTOP; goal: 1,500 ms)", "SIGSTOP"],
  ] as const) {
    const [firsts, lasts]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      await working();
      const signalledMs = now();
      worker.kill(signal);
      await until(() => store.again.length > 0);
      await sleep(500);
      firsts.push(Math.min(...store.again.map(({ startedAtMs }) => startedAtMs)) - signalledMs);
      lasts.push(Math.max(...store.again.map(({ storedAtMs }) => storedAtMs)) - signalledMs);
      if (signal === "SIGKILL") worker = start("worker");
      else worker.kill("SIGCONT");
    }
    rows[name] = {
      "first runs elsewhere, p50 ms": rounded(median(firsts)),
      "worst ms": rounded(Math.max(...firsts)),
      "last one stored, p50 ms": rounded(median(lasts)),
    };
  }
  report("The tasks of a node that is gone, 16 under way", rows);
  source.kill();
  worker.kill("SIGKILL");
  const ids = new Set<string>();
  const { records } = await store.read({ fromPosition: 0, limit: Infinity });
  for (const { id, type } of records) {
    if (type === "gap") throw new Error(`Task ${id.sequence} was dropped`);
    ids.add(`${id.incarnation}/${id.sequence}`);
  }
  if (ids.size !== records.length) throw new Error("A task was stored twice");
  await hub.terminate();
}

async function beSource(url: string): Promise<void> {
  const node = await startNode({ ...common, name: "edge-1", join: url });
  const { source, capture } = endlessCapture({ replayable: true, bytes: 16 * 16 * 3, everyMs: 2 });
  await node.addSource({
    id: parseSourceId("cam"),
    source,
    capture,
    pipeline: noopChain(1),
    configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
    policy: { name: "fixed", parameters: { placement: { s0: [WORKER, "cloud"] } } },
  });
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(5);
}

const [, , role, url = ""] = process.argv;
if (role === undefined) {
  await main();
} else {
  if (role === "worker") await startNode({ ...common, name: WORKER, join: url });
  else await beSource(url);
  // Of the children alone: where the bench is itself a child, listening would keep it alive for good.
  process.once("disconnect", () => process.exit());
}
