/**
 * A stage whose model is the bottleneck, on all cores of the machine: frames a second of one node, beside as many bare threads as that
 * stage has workers, each with a session of onnxruntime on one thread and no more to do than to run it.
 *
 * A frame of ours is put into the model's input, and what the model says is read, decoded and stored; theirs is always the same tensor.
 */

import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { startLocalCluster } from "../../../src/node/local-cluster.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { SERVICES } from "../../../src/services/catalogue.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { BenchCase, OpenSubject } from "../../harness/case.js";
import { attachLoad } from "../cluster/load.js";
import { findModel, MODEL } from "../cluster/model.js";
import { OURS } from "../micro/systems.js";
import type { BareReply, BareRequest } from "./bare-inference.js";

const SIZE = { width: 416, height: 416 };
const CORES = availableParallelism();
/** Tasks between two looks at the time, of which so many are under way: the last ones leave workers without work. */
const TURN = 50 * CORES;
const WINDOW = 4 * CORES;

const pipeline = definePipeline(
  { id: "inference", stages: [{ id: "objects", service: "object-detection" }] },
  SERVICES,
);

export const inference: BenchCase = {
  name: "e2e/inference",
  kind: "rate",
  operation: "frames",
  measures: `Tasks of one frame of 416x416 through one stage with ${MODEL} on one node, ${WINDOW} under way, with as many workers as there are cores.`,
  excludes: "capture, links, disk",
  goals: [{ statistic: "value", against: "ratio", atLeast: 0.9 }],
  subjects: [
    { name: `${OURS}, one stage`, open: () => openStage(findModel()) },
    { name: `onnxruntime alone, ${CORES} threads`, open: () => openBare(findModel()) },
  ],
};

async function openStage(modelDir: string): Promise<OpenSubject> {
  const cluster = await startLocalCluster({
    store: new MemoryStore(),
    services: SERVICES,
    edges: [],
    modelDir,
    log: silentLogger,
  });
  const frame = new Uint8Array(new SharedArrayBuffer(SIZE.width * SIZE.height * 3));
  for (let index = 0; index < frame.length; index += 1) frame[index] = (index * 31) % 256;
  const load = attachLoad(cluster.cloud, {
    sourceId: parseSourceId("bench"),
    pipeline,
    frame,
    size: SIZE,
  });
  // The workers beyond the first are started under load alone.
  await load.run(TURN, WINDOW);
  return {
    async run(round) {
      do {
        const startedMs = performance.now();
        const settled = await load.run(TURN, WINDOW);
        round.did(settled.length, performance.now() - startedMs);
      } while (!round.over);
    },
    close: () => cluster.terminate(),
  };
}

async function openBare(modelDir: string): Promise<OpenSubject> {
  const threads = Array.from(
    { length: CORES },
    () => new Worker(new URL("bare-inference.js", import.meta.url), { workerData: join(modelDir, MODEL) }),
  );
  await Promise.all(threads.map((thread) => once(thread, "message")));
  return {
    async run(round) {
      const startedMs = performance.now();
      const replies = await Promise.all(
        threads.map(async (thread) => {
          const reply = once(thread, "message");
          thread.postMessage(round.lengthMs satisfies BareRequest, []);
          const [{ runs }] = (await reply) as [BareReply];
          return runs;
        }),
      );
      round.did(
        replies.reduce((sum, runs) => sum + runs),
        performance.now() - startedMs,
      );
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
