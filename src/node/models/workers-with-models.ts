/** Workers whose model is fetched first where the folder of models lacks it. */

import { basename, join } from "node:path";
import { CodedError, errorText } from "../../runtime/errors.js";
import type { Job, StartWorker, WorkerThread } from "../../actors/processor/worker-port.js";
import { isThere } from "../../services/models/library.js";

/** @param locate the folder in which a model lies that the node's own lacks. @throws SluiceError with the reason where it cannot be had */
export function workersWithModels(
  startWorker: StartWorker,
  locate: (file: string) => Promise<string>,
): StartWorker {
  return (spec, listener) => {
    const { model, modelDir } = spec;
    if (model === undefined || model !== basename(model)) return startWorker(spec, listener);
    let thread: WorkerThread | null = null;
    let early: readonly [job: Job, owner: string | undefined] | null = null;
    let ended = false;
    const start = async (): Promise<void> => {
      const isOwn = modelDir !== null && (await isThere(join(modelDir, model)));
      const folder = isOwn ? modelDir : await locate(model);
      if (ended) return;
      thread = startWorker({ ...spec, modelDir: folder }, listener);
      if (early !== null) thread.run(...early);
    };
    start().catch((error: unknown) => {
      if (ended) return;
      const code = error instanceof CodedError ? String(error.code) : "service-failed";
      const permanent = error instanceof CodedError && error.retry === "never";
      listener({ type: "loadFailed", code, text: errorText(error), permanent });
    });
    return {
      run(job, owner) {
        if (thread === null) early = [job, owner];
        else thread.run(job, owner);
      },
      stop() {
        ended = true;
        thread?.stop();
      },
      kill() {
        ended = true;
        thread?.kill();
      },
    };
  };
}
