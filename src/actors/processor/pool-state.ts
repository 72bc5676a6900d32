/** The workers of one processor as data: what a pool is told, what it says, and what it remembers. */

import type { SluiceError } from "../../task/errors.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { StageResult } from "../../task/service.js";
import type { ProcessorLimits } from "./processor-limits.js";
import type { StartWorker, WorkerEvent, WorkerSpec, WorkerThread } from "./worker-port.js";

/** What a pool sends the actor that has it, and the actor gives it to fold. */
export type PoolMessage =
  | { readonly type: "workerEvent"; readonly worker: number; readonly event: WorkerEvent }
  /** The load, or the run of that number, takes too long. */
  | { readonly type: "workerTimedOut"; readonly worker: number; readonly run: number }
  | { readonly type: "restartWorker" }
  /** All may have been at work for long enough. */
  | { readonly type: "growPool" }
  /** One may have had nothing to do for long enough. */
  | { readonly type: "shrinkPool" };

/** What became of a piece of work, or of the pool; `work` is null where the worker had none. */
export type PoolEvent<Work> =
  | {
      readonly type: "completed";
      readonly work: Work;
      readonly result: StageResult;
      /** SHA-256 of the model that its worker has; null where it has none. */
      readonly model: string | null;
    }
  | { readonly type: "failed"; readonly work: Work; readonly text: string }
  /** It failed on a new version of the model, and is to be run by the old one. */
  | { readonly type: "doubted"; readonly work: Work }
  | { readonly type: "workerLost"; readonly work: Work | null; readonly text: string }
  /** No worker can be had; all are ended. */
  | { readonly type: "hopeless"; readonly error: SluiceError }
  /** A worker has loaded. */
  | { readonly type: "loaded" }
  /** There may be an idle worker, or room for one. */
  | { readonly type: "changed" };

export interface PoolOptions<Work> {
  readonly spec: WorkerSpec;
  readonly service: string;
  /** Workers at most. */
  readonly replicas: number;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
  /** Whether the machine has memory for a worker beyond the first. */
  readonly hasMemory: () => boolean;
  /** Told which version of the model tasks are run with, whenever that changes or another one is refused. */
  readonly tellModel: (model: Pick<ModelInUse, "version" | "refused">) => void;
  /** Whether it is work on the same task. */
  readonly isSame: (a: Work, b: Work) => boolean;
  /** Gives each worker its number; shared by the pools that an actor has had, so that no number comes twice. */
  readonly numbers: { last: number };
}

export interface Worker<Work> {
  readonly id: number;
  readonly thread: WorkerThread;
  status: "loading" | "idle" | "running";
  /** Of the model that it has; null where it has none, or has not loaded it. */
  version: string | null;
  /** It ends with what it runs. */
  retiring: boolean;
  work: Work | null;
  /** Runs so far; distinguishes a late timeout from one that counts. */
  run: number;
  /** Since when it has had nothing to do. */
  idleSinceMs: number;
}

/** How workers change over to another version of their model. */
export interface ModelSwap<Work> {
  readonly version: string;
  /** Number of the worker that has it first. */
  readonly candidate: number;
  /** Workers that there were: so many tasks run at a time meanwhile. */
  readonly atMost: number;
  /** `trial`: tasks go to the candidate, and those before are kept. `replacing`: those before are replaced. */
  status: "loading" | "trial" | "replacing";
  /** Of the trial, tasks that the candidate has done. */
  done: number;
  /** Of the replacement, workers with the new version that stand in for one of the others from now on. */
  standIns: number;
  /** What failed on the candidate, until it has been run with the old version, and how; null where nothing has. */
  doubted: { readonly work: Work; readonly text: string } | null;
}

export interface WorkerPool<Work> extends PoolOptions<Work> {
  readonly workers: Map<number, Worker<Work>>;
  /** Of the model that workers are to have; null where none has said one. */
  version: string | null;
  /** The newest that workers are not to have. */
  refused: { readonly version: string; readonly reason: string } | null;
  /** Null where all are to have the same. */
  swap: ModelSwap<Work> | null;
  /** Whether the version that workers are to have can be had no more: there are none but those that have it. */
  versionGone: boolean;
  /** Of a version that could not be tried, how often in a row. */
  untried: { readonly version: string; readonly count: number } | null;
  /** Workers lost in a row, with no work completed in between. */
  losses: number;
  /** Loads failed in a row. */
  loadFailures: number;
  backingOff: boolean;
  /** Since when all have been at work with work waiting; null where they are not. */
  saturatedSinceMs: number | null;
  /** Whether it was said that there is no memory for another one. */
  shortOfMemory: boolean;
}

export function createWorkerPool<Work>(options: PoolOptions<Work>): WorkerPool<Work> {
  return {
    ...options,
    workers: new Map(),
    version: null,
    refused: null,
    swap: null,
    versionGone: false,
    untried: null,
    losses: 0,
    loadFailures: 0,
    backingOff: false,
    saturatedSinceMs: null,
    shortOfMemory: false,
  };
}
