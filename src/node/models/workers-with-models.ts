/** Workers whose model is fetched first where the folder of models lacks it, and that say where there is a newer one. */

import { basename, join } from "node:path";
import { CodedError, errorText } from "../../runtime/errors.js";
import type { Job, StartWorker, WorkerThread } from "../../actors/processor/worker-port.js";
import { isThere } from "../../services/models/library.js";
import type { ModelWatch } from "./model-watch.js";

export interface ModelPorts {
  /**
   * Null where there are none but the node's own.
   *
   * @param version the one to have, where that can still be had
   * @returns the folder in which a model lies that the node's own lacks
   * @throws SluiceError with the reason where it cannot be had
   */
  readonly locate: ((file: string, version?: string) => Promise<string>) | null;
  readonly watch: ModelWatch;
}

export function workersWithModels(startWorker: StartWorker, { locate, watch }: ModelPorts): StartWorker {
  return (spec, listener) => {
    const { model, modelDir, version } = spec;
    if (model === undefined || model !== basename(model)) return startWorker(spec, listener);
    let thread: WorkerThread | null = null;
    let early: readonly [job: Job, owner: string | undefined] | null = null;
    let ended = false;
    let unwatch: (() => void) | null = null;
    const end = (): void => {
      ended = true;
      unwatch?.();
    };
    const start = async (): Promise<void> => {
      const isOwn = locate === null || (modelDir !== null && (await isThere(join(modelDir, model))));
      const folder = isOwn ? modelDir : await locate(model, version);
      if (ended) return;
      thread = startWorker({ ...spec, modelDir: folder }, (event) => {
        if (event.type === "crashed" || event.type === "loadFailed") end();
        else if (event.type === "loaded" && event.version !== undefined && !ended) {
          const has = event.version;
          unwatch ??= watch.add(model, (newest) => {
            if (newest !== has) listener({ type: "outdated", version: newest });
          });
        }
        listener(event);
      });
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
        end();
        thread?.stop();
      },
      kill() {
        end();
        thread?.kill();
      },
    };
  };
}
