/** A thread of `inference.ts`: runs a model on one input again and again with nothing but onnxruntime, and says how often it did. */

import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";

/** For how long to run, in ms. */
export type BareRequest = number;

export interface BareReply {
  readonly runs: number;
  readonly ms: number;
}

const session = await InferenceSession.create(workerData as string, {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});
const [name = ""] = session.inputNames;
const shape = [1, 3, 416, 416];
/** The frame of `inference.ts` as the model takes it, a plane each of blue, green and red: how long a run takes depends on what it is given. */
const plane = 416 * 416;
const pixels = Float32Array.from({ length: 3 * plane }, (_, index) => {
  const colour = 2 - Math.floor(index / plane);
  return (((index % plane) * 3 + colour) * 31) % 256;
});

parentPort?.on("message", (forMs: BareRequest) => {
  void (async () => {
    const startedMs = performance.now();
    let runs = 0;
    do {
      const outputs = await session.run({ [name]: new Tensor("float32", pixels, shape) });
      if (Object.keys(outputs).length === 0) throw new Error("The model has said nothing");
      runs += 1;
    } while (performance.now() - startedMs < forMs);
    parentPort?.postMessage({ runs, ms: performance.now() - startedMs } satisfies BareReply, []);
  })();
});
parentPort?.postMessage("ready", []);
