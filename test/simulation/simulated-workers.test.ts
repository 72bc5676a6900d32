import { test } from "../support/test.js";
import { createPrng } from "../../src/simulation/prng.js";
import { SimulatedProcess } from "../../src/simulation/simulated-process.js";
import { UNIFORM_SHAPE } from "../../src/simulation/shape.js";
import { LoadFaults, SimulatedLoads } from "../../src/simulation/simulated-loads.js";
import { createSimulatedWorkers } from "../../src/simulation/simulated-workers.js";
import { VirtualTime } from "../../src/simulation/virtual-time.js";
import { workerContract, type WorkerSubject } from "../contract/worker.js";

const SPEC = {
  name: "test",
  module: "none",
  parameters: {},
  modelDir: null,
  output: "boxes",
  stateful: false,
} as const;
const UNLOADABLE = { ...SPEC, name: "unloadable" };

/** Longer than any run of a worker, in ms. */
const REST_MS = 1_000;

function simulated(): WorkerSubject {
  const time = new VirtualTime(0);
  const faults = { crashes: 0, throws: 0, slowness: 1 };
  const loadFaults = new LoadFaults();
  const startWorker = createSimulatedWorkers({
    process: new SimulatedProcess(time, 0),
    prng: createPrng(1),
    faults,
    loads: new SimulatedLoads(loadFaults, UNIFORM_SHAPE),
    onWrongFrames: () => {},
    onDoubled: () => {},
  });
  return {
    startWorker: (spec, listener) => {
      loadFaults.failing = spec === UNLOADABLE ? 1 : 0;
      return startWorker(spec, listener);
    },
    spec: SPEC,
    unloadable: UNLOADABLE,
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
