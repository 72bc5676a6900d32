/**
 * Reads the text of a pipeline that came from an operator, off the node's own thread.
 *
 * RP1 The node's thread only waits: whatever a text costs is spent in a thread of its own, with memory and stack of its own.
 * RP2 One text is read at a time, a bounded number wait, and each may take so much time of a processor. What is too much is
 *     refused, and so is what has no end; on a machine that is busy a text is waited for as long as that takes.
 */

import { Worker } from "node:worker_threads";
import { errorText } from "../../runtime/errors.js";
import { watchThreadTime, type ThreadLimit } from "../../runtime/thread-time.js";
import { SluiceError } from "../../task/errors.js";
import { parsePipelineFile, type PipelineFile } from "../../task/pipeline-file.js";
import type { ServiceDeclaration } from "../../task/service.js";
import type { PipelineReaderEvent, PipelineRead, PipelineText } from "./pipeline-reader.js";

/** @throws SluiceError `pipeline-invalid` */
export type ReadPipeline = (
  text: string,
  fileName: string,
  services: ReadonlyMap<string, ServiceDeclaration>,
) => Promise<PipelineFile>;

/** Reads where it is called: for a made world, which has no threads. */
export const readPipelineHere: ReadPipeline = (text, fileName, services) =>
  new Promise((resolve) => resolve(parsePipelineFile(text, fileName, services)));

/** What the thread may take of a processor for one text, in ms: a text at every bound takes 600. */
const LIMIT_MS = 10_000;
const WAITING_MAX = 16;
/** MB: many times what a text at every bound needs. */
const THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 };

/** Makes a reader, whose threads live as long as each reading. */
export function createPipelineReader(limit: Partial<ThreadLimit> = {}): ReadPipeline {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (text, fileName, services) => {
    if (waiting >= WAITING_MAX)
      throw refusal(fileName, "too many others are being read: try again later", true);
    waiting += 1;
    try {
      const reading = last.then(() =>
        readInThread({ text, fileName, services }, { limitMs: LIMIT_MS, ...limit }),
      );
      last = reading.catch(() => {});
      return await reading;
    } finally {
      waiting -= 1;
    }
  };
}

async function readInThread(workerData: PipelineText, limit: ThreadLimit): Promise<PipelineFile> {
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
      const tooLong = `it takes more than ${limit.limitMs / 1_000} s of a processor to read`;
      thread.on("message", (event: PipelineReaderEvent) => {
        if (event.type === "read") resolve(event.read);
        else leave = watchThreadTime(event.thread, limit, () => reject(refusal(fileName, tooLong)));
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

function refusal(fileName: string, problem: string, later = false): SluiceError {
  return new SluiceError(`${fileName}: Cannot read this as a pipeline: ${problem}`, {
    code: "pipeline-invalid",
    ...(later && { retry: "backoff" }),
  });
}
