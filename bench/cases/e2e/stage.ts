/**
 * What the runtime adds to a stage: from the controller that is given a task to the generator that hears that it is settled, on one
 * node, with a 640x360 RGB frame in shared memory, one task at a time. The floor is the bare trip of that frame to a worker
 * thread: all goes through two threads at least, and on a machine with fewer free cores it is their waking that is measured.
 */

import { Worker } from "node:worker_threads";
import { startLocalCluster } from "../../../src/node/local-cluster.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import { attachLoad, NOOP_SERVICES, noopChain } from "../cluster/load.js";
import { OURS } from "../micro/systems.js";

const frame = new Uint8Array(new SharedArrayBuffer(640 * 360 * 3));
/** Tasks between two looks at the time. */
const TURN = 20;

export const stage: BenchCase = {
  name: "e2e/stage",
  kind: "latency",
  operation: "tasks",
  measures:
    "A task of one no-op stage on one node, from its making to its settling: routing, mailboxes, queue, worker thread, distributor and store in memory.",
  excludes: "capture, inference, disk, links, tasks that wait for each other",
  goals: [{ statistic: "value", against: "difference", atMost: 0.015 }],
  subjects: [
    { name: `${OURS}, one stage`, open: () => openChain(1) },
    { name: "the bare trip to a worker thread", open: () => Promise.resolve(openBareTrip()) },
    { name: `${OURS}, four stages`, open: () => openChain(4) },
  ],
};

async function openChain(stages: number): Promise<OpenSubject> {
  const cluster = await startLocalCluster({
    store: new MemoryStore(),
    services: NOOP_SERVICES,
    edges: [],
    log: silentLogger,
  });
  const sourceId = parseSourceId("bench");
  const load = attachLoad(cluster.cloud, { sourceId, pipeline: noopChain(stages), frame });
  return {
    async run(round) {
      do for (const us of await load.run(TURN, 1)) round.took(us / 1_000);
      while (!round.over);
    },
    close: () => cluster.terminate(),
  };
}

function openBareTrip(): OpenSubject {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
     parentPort.on("message", ({ sequence }) => parentPort.postMessage({ sequence, result: { type: "boxes", frames: [[]] } }));`,
    { eval: true },
  );
  const waiting: { answered?: (answer: { readonly sequence: number }) => void } = {};
  worker.on("message", (answer: { readonly sequence: number }) => waiting.answered?.(answer));
  let sequence = 0;
  return {
    async run(round) {
      do {
        const startedMs = performance.now();
        const back = new Promise<{ readonly sequence: number }>((resolve) => (waiting.answered = resolve));
        worker.postMessage({ sequence, frames: [{ ptsUs: sequence, data: frame }] }, []);
        if ((await back).sequence !== sequence++) throw new Error("Another one came back");
        round.took(performance.now() - startedMs);
      } while (!round.over);
    },
    async close() {
      await worker.terminate();
    },
  };
}
