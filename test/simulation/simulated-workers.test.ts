import { test } from "uvu";
import { chanceOf } from "../../src/simulation/chance.js";
import { Life } from "../../src/simulation/life.js";
import { simulatedWorkers } from "../../src/simulation/machine-room.js";
import { Timeline } from "../../src/simulation/timeline.js";
import { workerContract, type WorkerSubject } from "../contract/worker.js";

/** Longer than any run of a worker, in ms. */
const REST_MS = 1_000;

function simulated(): WorkerSubject {
  const time = new Timeline(0);
  const faults = { crashes: 0, throws: 0, slowness: 1 };
  return {
    startWorker: simulatedWorkers(new Life(time, 0), chanceOf(1), faults, () => {}),
    spec: { name: "test", module: "none", parameters: {}, modelDir: null, output: "boxes" },
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
