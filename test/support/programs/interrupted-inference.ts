/**
 * Ends worker threads in the middle of an inference: `kill` kills ten of them and then ends as usual, `exit` ends the
 * process with status 3 while one runs.
 *
 * Usage: `node interrupted-inference.js kill|exit`
 */

import { SERVICES } from "../../../src/services/catalogue.js";
import { startWorker } from "../../../src/actors/processor/worker-host.js";
import type { Job, WorkerThread } from "../../../src/actors/processor/worker-port.js";

const [how] = process.argv.slice(2);
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
  const module = SERVICES.get("motion-detection")?.module ?? "";
  let completed = 0;
  const worker = startWorker(
    { name: "motion", module, parameters: {}, modelDir: null, output: "boxes", stateful: false },
    () => {
      worker.run(job);
      completed += 1;
      if (completed === 3) onWarm(worker);
    },
  );
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

if (how === "kill") kill(10);
else inferForEver(() => setTimeout(() => process.exit(3), 5));
