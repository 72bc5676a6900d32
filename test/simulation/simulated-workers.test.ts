import { test } from "../support/test.js";
import { createPrng } from "../../src/simulation/prng.js";
import { SimulatedProcess } from "../../src/simulation/simulated-process.js";
import { createSimulatedWorkers } from "../../src/simulation/simulated-workers.js";
import { VirtualTime } from "../../src/simulation/virtual-time.js";
import { workerContract, type WorkerSubject } from "../contract/worker.js";

/** Longer than any run of a worker, in ms. */
const REST_MS = 1_000;

function simulated(): WorkerSubject {
  const time = new VirtualTime(0);
  const faults = { crashes: 0, throws: 0, slowness: 1 };
  return {
    startWorker: createSimulatedWorkers(
      new SimulatedProcess(time, 0),
      createPrng(1),
      faults,
      () => {},
      () => {},
    ),
    spec: { name: "test", module: "none", parameters: {}, modelDir: null, output: "boxes", stateful: false },
    unloadable: null,
    takesEarlyJobs: true,
    job(end, sequence) {
      faults.crashes = end === "crash" ? 1 : 0;
      faults.throws = end === "fail" ? 1 : 0;
      const continuity = "continued" as const;
      return {
        sourceId: "cam-1",
        incarnation: 0,
        sequence,
        frameCount: 1,
        framePtsUs: [0],
        previous: new Map(),
        continuity,
        payload: null,
      };
    },
    pass: () => time.runUntil(time.nowMs + 1),
    rest: () => time.runUntil(time.nowMs + REST_MS),
    closing: null,
  };
}

workerContract("simulated worker", simulated());

test.run();
