/**
 * The port between a processor and a thread that runs its service. One task at a time: the processor asks for a run and
 * receives `completed` or `failed` before it asks for the next.
 *
 * One contract suite holds for every implementation.
 */

import type { Payload } from "../../task/payload.js";
import type { DataType, StageResult } from "../../task/service.js";
import type { ServiceInput } from "../../services/service.js";

/** What a worker is made for; plain data, so that it crosses to the thread. */
export interface WorkerSpec {
  /** Of the thread, for people. */
  readonly name: string;
  /** URL of the ES module that exports `service`. */
  readonly module: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly modelDir: string | null;
  /** The file in that folder that the service loads; absent where it needs none. */
  readonly model?: string;
  /** Of its versions the one to have, where that can still be had; absent: the newest. */
  readonly version?: string;
  /** Every result must be of this type. */
  readonly output: DataType;
  /** It remembers from one job to the next. */
  readonly stateful: boolean;
}

/** One run of the service; `payload` is null where the service reads no frames. */
export type Job = Omit<ServiceInput, "frames"> & { readonly payload: Payload | null };

export type WorkerEvent =
  /**
   * `placeless`: there is no place for it now, and it loads with its first job. Then the same follows without that. `version`: of the
   * model that it has, where the spec names one.
   */
  | { readonly type: "loaded"; readonly placeless?: true; readonly version?: string }
  /** Said again and again of one that has loaded: a worker that is started now would have this version of the model. */
  | { readonly type: "outdated"; readonly version: string }
  /** The service cannot be loaded; the worker ends. `permanent` where trying again cannot help. */
  | {
      readonly type: "loadFailed";
      readonly code: string;
      readonly text: string;
      readonly permanent: boolean;
    }
  /** `model`: SHA-256 of the file that the service has loaded, where the spec names one. */
  | { readonly type: "completed"; readonly result: StageResult; readonly model?: string }
  /** The service threw, or its result was not one: the job has failed, the worker is well. */
  | { readonly type: "failed"; readonly text: string }
  /** The thread ended and nobody had asked it to; the last event. */
  | { readonly type: "crashed"; readonly text: string };

export interface WorkerThread {
  /**
   * Runs one job; before `loaded` too, and then right after it. Never while another runs.
   *
   * @param owner the node whose task it is, for who shares workers out; default: nobody
   */
  run(job: Job, owner?: string): void;
  /** Closes the service and ends the thread, soon; kills it where it does not. No event follows. */
  stop(): void;
  /** Ends the thread at once, in the middle of a job too, but for a native call, which it ends after. No event follows. */
  kill(): void;
}

/** Starts a worker. `listener` is called on the caller's thread, never before this returns. */
export type StartWorker = (spec: WorkerSpec, listener: (event: WorkerEvent) => void) => WorkerThread;
