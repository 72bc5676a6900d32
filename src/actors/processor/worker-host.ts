/**
 * Runs services in worker threads. Frames lie in shared memory and go to the thread by reference; everything else is
 * small and copied.
 */

import { Worker } from "node:worker_threads";
import { systemClock } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import type { Frame } from "../../task/payload.js";
import {
  awaitNativeCalls,
  createNativeCalls,
  forbidNativeCalls,
  type NativeCalls,
} from "../../services/native-call.js";
import { endProcessWithin } from "./end-process.js";
import { StuckThreads } from "./stuck-threads.js";
import type { WorkerData, WorkerRequest } from "./worker.js";
import type { Job, StartWorker, WorkerEvent, WorkerThread } from "./worker-port.js";

/** How long a service may take to close before its thread is killed, in ms. */
const CLOSE_GRACE_MS = 1_000;

/** How long the exit of this process waits for native calls of its threads, in ms. */
const EXIT_GRACE_MS = 5_000;

/** A task that takes so long may be in a call that never returns, for which the exit of this process would wait, in ms. */
const HANGING_MS = 2_000;

/** Of the threads that have not ended: an exit of the process ends them too, and must find none in a native call. */
const running = new Set<NativeCalls>();
/** Of those that have a task, since when, by the monotonic clock. */
const busySinceMs = new Map<NativeCalls, number>();
const stuck = new StuckThreads(systemClock);
process.once("exit", () => {
  const hangsFromMs = systemClock.monotonic() - HANGING_MS;
  if ([...busySinceMs.values()].some((sinceMs) => sinceMs < hangsFromMs)) endProcessWithin(2 * EXIT_GRACE_MS);
  for (const nativeCalls of running) forbidNativeCalls(nativeCalls);
  for (const nativeCalls of running) awaitNativeCalls(nativeCalls, EXIT_GRACE_MS);
});

/** Starts a worker thread; the port's implementation of every node. */
export const startWorker: StartWorker = (spec, listener) => {
  const { module } = spec;
  const refusal = stuck.refusal(module);
  if (refusal !== null)
    return endedBefore({ ...REFUSED, text: `Cannot run "${module}": ${refusal}` }, listener);
  const nativeCalls = createNativeCalls();
  const workerData: WorkerData = { spec, nativeCalls };
  let thread: Worker;
  try {
    thread = new Worker(new URL("./worker.js", import.meta.url), { workerData, name: spec.name });
  } catch (error) {
    // The machine has no room for another thread: as if it had ended at once.
    return endedBefore({ type: "crashed", text: errorText(error) }, listener);
  }
  running.add(nativeCalls);
  let listening = true;
  let crash = "its thread ended";
  let grace: NodeJS.Timeout | undefined;
  let ended: (() => void) | undefined;

  thread.on("message", (event: WorkerEvent) => {
    busySinceMs.delete(nativeCalls);
    if (!listening) return;
    if (event.type === "loadFailed") kill();
    listener(event);
  });
  thread.on("error", (error: unknown) => (crash = errorText(error)));
  thread.on("messageerror", (error) => {
    crash = errorText(error);
    end();
  });
  thread.on("exit", (code) => {
    clearTimeout(grace);
    running.delete(nativeCalls);
    busySinceMs.delete(nativeCalls);
    ended?.();
    if (!listening) return;
    listening = false;
    listener({ type: "crashed", text: `${crash} (exit code ${code})` });
  });

  // The empty list of transfers: frames are shared, and the rest is copied.
  const send = (request: WorkerRequest) => thread.postMessage(request, []);
  const end = () => {
    // The process then waits for it no more than for anything else: see the exit above.
    ended ??= stuck.ending(module, () => thread.unref());
    if (!forbidNativeCalls(nativeCalls)) void thread.terminate();
  };
  const kill = () => {
    listening = false;
    end();
  };
  return {
    run(job) {
      busySinceMs.set(nativeCalls, systemClock.monotonic());
      send({ type: "run", job: withOwnBuffers(job) });
    },
    stop() {
      if (!listening) return;
      listening = false;
      send({ type: "close" });
      grace = setTimeout(end, CLOSE_GRACE_MS);
    },
    kill,
  };
};

/** Trying again helps once somebody has seen to it. */
const REFUSED = { type: "loadFailed", code: "service-failed", permanent: true } as const;

/** A thread that could not be started. */
function endedBefore(event: WorkerEvent, listener: (event: WorkerEvent) => void): WorkerThread {
  const due = setImmediate(() => listener(event));
  const forget = (): void => clearImmediate(due);
  return { run: () => {}, stop: forget, kill: forget };
}

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
