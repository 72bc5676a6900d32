/** The workers of one processor as data: what a pool is told, what it says, and what it remembers. */

import type { SluiceError } from "../../task/errors.js";
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
  | { readonly type: "workerLost"; readonly work: Work | null; readonly text: string }
  /** No worker can be had; all are ended. */
  | { readonly type: "hopeless"; readonly error: SluiceError }
  /** A worker has loaded. */
  | { readonly type: "loaded" }
  /** There may be an idle worker, or room for one. */
  | { readonly type: "changed" };

export interface PoolOptions {
  readonly spec: WorkerSpec;
  readonly service: string;
  /** Workers at most. */
  readonly replicas: number;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
  /** Whether the machine has memory for a worker beyond the first. */
  readonly hasMemory: () => boolean;
  /** Gives each worker its number; shared by the pools that an actor has had, so that no number comes twice. */
  readonly numbers: { last: number };
}

export interface Worker<Work> {
  readonly id: number;
  readonly thread: WorkerThread;
  status: "loading" | "idle" | "running";
  work: Work | null;
  /** Runs so far; distinguishes a late timeout from one that counts. */
  run: number;
  /** Since when it has had nothing to do. */
  idleSinceMs: number;
}

export interface WorkerPool<Work> extends PoolOptions {
  readonly workers: Map<number, Worker<Work>>;
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

export function createWorkerPool<Work>(options: PoolOptions): WorkerPool<Work> {
  return {
    ...options,
    workers: new Map(),
    losses: 0,
    loadFailures: 0,
    backingOff: false,
    saturatedSinceMs: null,
    shortOfMemory: false,
  };
}
