/**
 * Runs services in worker threads. Frames lie in shared memory and go to the thread by reference; everything else is
 * small and copied.
 */

import { Worker } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import type { Frame } from "../task/payload.js";
import type { WorkerRequest } from "./worker.js";
import type { Job, StartWorker, WorkerEvent } from "./worker-port.js";

/** How long a service may take to close before its thread is killed, in ms. */
const CLOSE_GRACE_MS = 1_000;

/** Starts a worker thread; the port's implementation of every node. */
export const startWorker: StartWorker = (spec, listener) => {
  const thread = new Worker(new URL("./worker.js", import.meta.url), { workerData: spec, name: spec.name });
  let listening = true;
  let crash = "its thread ended";
  let grace: NodeJS.Timeout | undefined;

  thread.on("message", (event: WorkerEvent) => {
    if (!listening) return;
    if (event.type === "loadFailed") kill();
    listener(event);
  });
  thread.on("error", (error: unknown) => (crash = errorText(error)));
  thread.on("messageerror", (error) => {
    crash = errorText(error);
    void thread.terminate();
  });
  thread.on("exit", (code) => {
    clearTimeout(grace);
    if (!listening) return;
    listening = false;
    listener({ type: "crashed", text: `${crash} (exit code ${code})` });
  });

  // The empty list of transfers: frames are shared, and the rest is copied.
  const send = (request: WorkerRequest) => thread.postMessage(request, []);
  const kill = () => {
    listening = false;
    void thread.terminate();
  };
  return {
    run: (job) => send({ type: "run", job: withOwnBuffers(job) }),
    stop() {
      if (!listening) return;
      listening = false;
      send({ type: "close" });
      grace = setTimeout(() => void thread.terminate(), CLOSE_GRACE_MS);
    },
    kill,
  };
};

/** A frame that is not in shared memory is copied by the port, with the whole buffer that it is a view of. */
function withOwnBuffers(job: Job): Job {
  if (job.payload === null || job.payload.frames.every(crossesAlone)) return job;
  const frames = job.payload.frames.map((frame) =>
    crossesAlone(frame) ? frame : { ptsUs: frame.ptsUs, data: Uint8Array.from(frame.data) },
  );
  return { ...job, payload: { ...job.payload, frames } };
}

function crossesAlone({ data }: Frame): boolean {
  return data.buffer instanceof SharedArrayBuffer || data.buffer.byteLength === data.byteLength;
}
