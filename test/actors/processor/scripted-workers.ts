/** Workers that do what a test says: the port of a processor with no thread behind it. */

import type { Job, StartWorker, WorkerEvent, WorkerSpec } from "../../../src/actors/processor/worker-port.js";

interface ScriptedWorker {
  readonly spec: WorkerSpec;
  readonly jobs: Job[];
  status: "loading" | "idle" | "busy";
  ended: "stopped" | "killed" | null;
  /** Reports to the processor, unless it has ended the worker. */
  say(event: WorkerEvent): void;
  /** Completes the job in hand. */
  complete(): void;
}

export interface ScriptedWorkers {
  readonly start: StartWorker;
  readonly all: ScriptedWorker[];
  /** The newest. */
  last(): ScriptedWorker;
  alive(): readonly ScriptedWorker[];
}

export function scriptedWorkers(): ScriptedWorkers {
  const all: ScriptedWorker[] = [];
  return {
    all,
    alive: () => all.filter((worker) => worker.ended === null),
    last() {
      const worker = all.at(-1);
      if (worker === undefined) throw new Error("No worker was started");
      return worker;
    },
    start(spec, listener) {
      const worker: ScriptedWorker = {
        spec,
        jobs: [],
        status: "loading",
        ended: null,
        say(event) {
          if (worker.ended !== null) return;
          worker.status = "idle";
          if (event.type === "crashed" || event.type === "loadFailed") worker.ended = "killed";
          listener(event);
        },
        complete() {
          const job = worker.jobs.at(-1);
          if (job === undefined) throw new Error("No job was given");
          const frames = Array.from({ length: job.frameCount }, () => []);
          worker.say({ type: "completed", result: { type: spec.output, frames } });
        },
      };
      all.push(worker);
      return {
        run(job) {
          if (worker.status !== "idle")
            throw new Error(`A job was given to a worker that is ${worker.status}`);
          worker.status = "busy";
          worker.jobs.push(job);
        },
        stop: () => void (worker.ended ??= "stopped"),
        kill: () => void (worker.ended ??= "killed"),
      };
    },
  };
}
