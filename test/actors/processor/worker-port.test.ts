import { test } from "../../support/test.js";
import { startWorker } from "../../../src/actors/processor/worker-host.js";
import type { Job, WorkerSpec } from "../../../src/actors/processor/worker-port.js";
import { workerContract, type JobEnd, type WorkerSubject } from "../../contract/worker.js";
import { command, type Command } from "../../support/services/commands.js";
import { within } from "../../support/within.js";
import { scriptedWorkers } from "./scripted-workers.js";

const moduleOf = (name: string) => new URL(`../../support/services/${name}.js`, import.meta.url).href;

const spec: WorkerSpec = {
  name: "test",
  module: moduleOf("commands"),
  parameters: {},
  modelDir: null,
  output: "boxes",
  stateful: false,
};
const unloadable: WorkerSpec = { ...spec, parameters: { load: "throw" } };

const COMMANDS: Readonly<Record<JobEnd, Command>> = { complete: "answer", fail: "throw", crash: "crash" };

const job = (end: JobEnd, sequence: number): Job => ({
  sourceId: "cam-1",
  incarnation: 0,
  sequence,
  frameCount: 1,
  framePtsUs: [0],
  previous: command(COMMANDS[end]),
  continuity: "continued",
  payload: null,
});

const turn = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Until no thread is left: the port of one that ends is closed, and what it had sent has come. */
async function threadsEnded(): Promise<void> {
  const ended = async () => {
    while (process.getActiveResourcesInfo().includes("MessagePort")) await turn(5);
  };
  await within(20_000, ended(), "the threads to end");
}

function threads(): WorkerSubject {
  const data = new Uint8Array(new SharedArrayBuffer(3));
  const payload = { encoding: "rgb", width: 1, height: 1, frames: [{ ptsUs: 0, data }] } as const;
  return {
    startWorker,
    spec,
    unloadable,
    takesEarlyJobs: true,
    job,
    pass: () => turn(1),
    rest: threadsEnded,
    closing: {
      spec: { ...spec, module: moduleOf("closing") },
      job: { ...job("complete", 0), payload },
      closedAfterJob: () => (data[1] === 0 ? null : data[1] === 2),
    },
  };
}

/** Scripted workers whose script is the jobs that they are given, one turn of the event loop later. */
function scripted(): WorkerSubject {
  const workers = scriptedWorkers();
  const pass = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    startWorker(given, listener) {
      const thread = workers.start(given, listener);
      const worker = workers.last();
      setImmediate(() => {
        if (given === unloadable) {
          worker.say({ type: "loadFailed", code: "service-failed", text: "Told so", permanent: false });
        } else {
          worker.say({ type: "loaded" });
        }
      });
      return {
        ...thread,
        run(received) {
          thread.run(received);
          setImmediate(() => {
            const label = received.previous.get("command")?.frames[0]?.[0]?.label as Command;
            if (label === "answer") worker.complete();
            else worker.say({ type: label === "crash" ? "crashed" : "failed", text: "Told so" });
          });
        },
      };
    },
    spec,
    unloadable,
    // It throws instead: the processor never does this.
    takesEarlyJobs: false,
    job,
    pass,
    async rest() {
      for (let turns = 0; turns < 4; turns += 1) await pass();
    },
    closing: null,
  };
}

workerContract("worker thread", threads());
workerContract("scripted worker", scripted());

test.run();
