/**
 * How soon the tasks of a node run elsewhere that was killed, or that stands still: three processes, a source, the node that runs
 * its stage, and the hub, to which the stage falls when that node is gone.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { BenchCase, OpenSubject, Round } from "../../harness/case.js";
import { OURS } from "../micro/systems.js";
import { openStreaming, type Streaming } from "../cluster/streaming.js";

const WORKER = "edge-2";
/** Of the worker's before each failure. */
const TASKS_BEFORE = 30;

export const nodeKilled: BenchCase = gone("failover/killed", {
  signal: "SIGKILL",
  how: "is killed",
  atMostMs: 100,
  rounds: 7,
});

export const nodeSilent: BenchCase = gone("failover/silent", {
  signal: "SIGSTOP",
  how: "stands still",
  atMostMs: 1_200,
  rounds: 5,
});

interface Failure {
  readonly signal: NodeJS.Signals;
  readonly how: string;
  readonly atMostMs: number;
  readonly rounds: number;
}

function gone(name: BenchCase["name"], { signal, how, atMostMs, rounds }: Failure): BenchCase {
  return {
    name,
    kind: "latency",
    operation: "failures",
    measures: `From the moment at which a node ${how} until the first task that was with it runs elsewhere. An audit finds none lost and none twice.`,
    excludes: "networks, models that have to load first",
    goals: [{ statistic: "p50", atMost: atMostMs }],
    plan: { rounds, warmUps: 0, roundMs: 0 },
    subjects: [{ name: OURS, open: () => open(signal) }],
  };
}

async function open(signal: NodeJS.Signals): Promise<OpenSubject> {
  const streaming = await openStreaming({
    edges: [WORKER, "edge-1"],
    source: {
      work: 1,
      everyMs: 2,
      side: 16,
      policy: { name: "fixed", parameters: { placement: { s0: [WORKER, "cloud"] } } },
    },
  });
  return { run: (round) => fail(streaming, signal, round), close: () => streaming.close() };
}

async function fail(streaming: Streaming, signal: NodeJS.Signals, round: Round): Promise<void> {
  const { store, hub, edges } = streaming;
  for (let tasks = 0; tasks < TASKS_BEFORE; tasks += 1) {
    await store.next(({ hops }) => hops.every(({ node }) => node === WORKER));
  }
  const atMs = hub.system.clock.now();
  const elsewhere = store.next(
    ({ delivery, createdAtMs, hops }) =>
      delivery > 1 && createdAtMs < atMs && hops.every(({ node }) => node !== WORKER),
  );
  edges.get(WORKER)?.signal(signal);
  const [first] = (await elsewhere).hops;
  if (first === undefined) throw new Error("A result must name where it was made");
  round.took(Math.max(0, first.startedAtMs - atMs));
  // What was with it is settled before it comes back.
  await sleep(200);
  if (signal === "SIGSTOP") edges.get(WORKER)?.signal("SIGCONT");
  else await streaming.restart(WORKER);
}
