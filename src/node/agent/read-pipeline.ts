/**
 * Reads the text of a pipeline that came from an operator, off the node's own thread.
 *
 * RP1 The node's thread only waits: whatever a text costs is spent in a thread of its own, with memory and stack of its own.
 * RP2 One text is read at a time, a bounded number wait, and each may take so much time of a processor. What is too much is
 *     refused, and so is what has no end; on a machine that is busy a text is waited for as long as that takes.
 */

import { Worker } from "node:worker_threads";
import { systemClock, type Clock } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import { parsePipelineFile, type PipelineFile } from "../../task/pipeline-file.js";
import type { ServiceDeclaration } from "../../task/service.js";
import type { PipelineReaderEvent, PipelineRead, PipelineText } from "./pipeline-reader.js";
import { threadTime, type ThreadName, type ThreadTime } from "./thread-time.js";

/** @throws SluiceError `pipeline-invalid` */
export type ReadPipeline = (
  text: string,
  fileName: string,
  services: ReadonlyMap<string, ServiceDeclaration>,
) => Promise<PipelineFile>;

/** Reads where it is called: for a made world, which has no threads. */
export const readPipelineHere: ReadPipeline = (text, fileName, services) =>
  new Promise((resolve) => resolve(parsePipelineFile(text, fileName, services)));

export interface PipelineReaderOptions {
  /** What the thread may take of a processor for one text, in ms. Default 10,000: a text at every bound takes 600. */
  readonly limitMs?: number;
  readonly clock?: Clock;
  readonly timeOf?: ThreadTime;
}

/** How often a thread is looked at, in ms. */
const LOOK_MS = 1_000;
const WAITING_MAX = 16;
/** MB: many times what a text at every bound needs. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Makes a reader, whose threads live as long as each reading. */
export function createPipelineReader(options: PipelineReaderOptions = {}): ReadPipeline {
  const settings = { limitMs: 10_000, clock: systemClock, timeOf: threadTime, ...options };
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (text, fileName, services) => {
    if (waiting >= WAITING_MAX)
      throw refusal(fileName, "too many others are being read: try again later", true);
    waiting += 1;
    try {
      const reading = last.then(() => readInThread({ text, fileName, services }, settings));
      last = reading.catch(() => {});
      return await reading;
    } finally {
      waiting -= 1;
    }
  };
}

async function readInThread(
  workerData: PipelineText,
  settings: Required<PipelineReaderOptions>,
): Promise<PipelineFile> {
  const { fileName } = workerData;
  const thread = new Worker(new URL("./pipeline-reader.js", import.meta.url), {
    workerData,
    name: "pipeline-reader",
    resourceLimits: THREAD_LIMITS,
    env: {},
  });
  let leave = (): void => {};
  try {
    const read = await new Promise<PipelineRead>((resolve, reject) => {
      const tooLong = `it takes more than ${settings.limitMs / 1_000} s of a processor to read`;
      thread.on("message", (event: PipelineReaderEvent) => {
        if (event.type === "read") resolve(event.read);
        else leave = watchTime(event.thread, settings, () => reject(refusal(fileName, tooLong)));
      });
      thread.once("error", (error) => reject(refusal(fileName, errorText(error))));
      thread.once("exit", () => reject(refusal(fileName, "its reader has ended")));
    });
    if (read.ok) return read.file;
    throw new SluiceError(read.problem, { code: "pipeline-invalid", details: read.details });
  } finally {
    leave();
    void thread.terminate();
  }
}

/** Watches a thread that has begun, until it is left. @returns what leaves it */
function watchTime(
  thread: ThreadName,
  { limitMs, clock, timeOf }: Required<PipelineReaderOptions>,
  tooLong: () => void,
): () => void {
  const begunMs = timeOf(thread) ?? 0;
  const look = (): void => {
    if ((timeOf(thread) ?? 0) - begunMs > limitMs) tooLong();
    else next = clock.after(LOOK_MS, look);
  };
  let next = clock.after(LOOK_MS, look);
  return () => next.cancel();
}

function refusal(fileName: string, problem: string, later = false): SluiceError {
  return new SluiceError(`${fileName}: Cannot read this as a pipeline: ${problem}`, {
    code: "pipeline-invalid",
    ...(later && { retry: "backoff" }),
  });
}
