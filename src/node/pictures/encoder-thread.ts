/**
 * Makes pictures off the node's own thread.
 *
 * PE1 There is a thread while somebody looks: it starts with the first picture, and ends some time after the last.
 * PE2 No thread ends inside a native call: it is asked to end, and ends by itself.
 */

import { Worker } from "node:worker_threads";
import type { Clock, TimerHandle } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import { awaitNativeCalls, createNativeCalls, forbidNativeCalls } from "../../services/native-call.js";
import { SluiceError } from "../../task/errors.js";
import type { TaskPicture } from "../../task/picture.js";
import type { Encoded, EncodeRequest } from "./encoder-worker.js";

/** One JPEG image of a frame. @throws SluiceError `service-failed` */
export type EncodePicture = (picture: TaskPicture, widthMax: number) => Promise<Uint8Array>;

const IDLE_MS = 30_000;
/** How long the exit of this process waits for native calls of the thread, in ms. */
const EXIT_GRACE_MS = 2_000;
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

interface Waiting {
  resolve(jpeg: Uint8Array): void;
  reject(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
}

export function createPictureEncoder(clock: Clock): EncodePicture {
  let thread: Thread | null = null;
  let idle: TimerHandle | null = null;
  let count = 0;

  function start(): Thread {
    const calls = createNativeCalls();
    const worker = new Worker(new URL("./encoder-worker.js", import.meta.url), {
      workerData: calls,
      name: "pictures",
      resourceLimits: THREAD_LIMITS,
      env: {},
    });
    // Pictures are no reason for a process to go on.
    worker.unref();
    const started: Thread = { worker, waiting: new Map() };
    const endWithProcess = (): void => {
      if (forbidNativeCalls(calls)) awaitNativeCalls(calls, EXIT_GRACE_MS);
    };
    process.once("exit", endWithProcess);
    let crash = "its thread has ended";
    worker.on("message", (encoded: Encoded) => {
      const waiter = started.waiting.get(encoded.number);
      started.waiting.delete(encoded.number);
      if (encoded.ok) waiter?.resolve(encoded.jpeg);
      else waiter?.reject(failure(encoded.problem));
    });
    worker.on("error", (error: unknown) => (crash = errorText(error)));
    worker.on("exit", () => {
      process.off("exit", endWithProcess);
      if (thread === started) thread = null;
      for (const waiter of started.waiting.values()) waiter.reject(failure(crash));
    });
    return started;
  }

  return (picture, widthMax) => {
    idle?.cancel();
    idle = clock.after(IDLE_MS, () => {
      thread?.worker.postMessage(null, []);
      thread = null;
    });
    thread ??= start();
    const { worker, waiting } = thread;
    count += 1;
    const number = count;
    const { encoding, width, height, data } = picture;
    return new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      // The empty list of transfers: frames are shared, or copied where they are not.
      worker.postMessage(
        { number, picture: { encoding, width, height, data }, widthMax } satisfies EncodeRequest,
        [],
      );
    });
  };
}

function failure(problem: string): SluiceError {
  return new SluiceError(`Cannot make a picture: ${problem}`, { code: "service-failed" });
}
