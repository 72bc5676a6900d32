/**
 * Ends worker threads in the middle of an inference: `kill` kills ten of them and then ends as usual, `exit` ends the
 * process with status 3 while one runs. `load` kills one while it loads its library, MS after that has begun.
 *
 * Usage: `node interrupted-inference.js kill|exit|load [MS]`
 */

import { readFileSync } from "node:fs";
import { SERVICES } from "../../../src/services/catalogue.js";
import { startWorker } from "../../../src/actors/processor/worker-host.js";
import type { Job, WorkerSpec, WorkerThread } from "../../../src/actors/processor/worker-port.js";

const [how, ms] = process.argv.slice(2);
const module = SERVICES.get("motion-detection")?.module ?? "";
const spec: WorkerSpec = {
  name: "motion",
  module,
  parameters: {},
  modelDir: null,
  output: "boxes",
  stateful: false,
};
const [width, height] = [640, 360];
const job: Job = {
  sourceId: "cam-1",
  incarnation: 1,
  sequence: 0,
  frameCount: 8,
  framePtsUs: Array.from({ length: 8 }, (_, index) => index * 100_000),
  previous: new Map(),
  continuity: "continued",
  payload: {
    encoding: "rgb",
    width,
    height,
    frames: Array.from({ length: 8 }, (_, index) => ({
      ptsUs: index * 100_000,
      data: new Uint8Array(new SharedArrayBuffer(width * height * 3)).fill(index * 31),
    })),
  },
};

/** Runs one task after the other, each some 20 ms of inference, and calls back after the third. */
function inferForEver(onWarm: (worker: WorkerThread) => void): void {
  let completed = 0;
  const worker = startWorker(spec, () => {
    worker.run(job);
    completed += 1;
    if (completed === 3) onWarm(worker);
  });
}

/** Kills a worker so many ms after its library has come into the memory of this process, in the middle of its loading. */
function killLoading(afterMs: number): void {
  const worker = startWorker(spec, () => {});
  const look = (): void => {
    if (!readFileSync("/proc/self/maps", "latin1").includes("libonnxruntime")) setImmediate(look);
    else if (afterMs === 0) worker.kill();
    else setTimeout(() => worker.kill(), afterMs);
  };
  look();
}

function kill(left: number): void {
  if (left === 0) return;
  inferForEver((worker) => {
    // Spread over the time that a task takes.
    setTimeout(() => {
      worker.kill();
      kill(left - 1);
    }, left * 2);
  });
}

if (how === "load") killLoading(Number(ms));
else if (how === "kill") kill(10);
else inferForEver(() => setTimeout(() => process.exit(3), 5));
