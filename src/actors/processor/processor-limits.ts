/** The bounds of a processor, all of them data. */

import { availableParallelism } from "node:os";
import type { SupervisionPolicy } from "../../runtime/spawn-options.js";

/** Bounds of a stage on a node. */
export interface ProcessorLimits {
  /** Workers of a service without state, at most. Default: the cores. */
  readonly replicas: number;
  /** Another of these is started where all have been at work for so long with tasks waiting, in ms. Default 500. */
  readonly growAfterMs: number;
  /** It goes where it has had no task for so long, in ms. Default 60,000. */
  readonly shrinkAfterMs: number;
  /**
   * Workers of all stages together. Default 32: one of a service that does nothing takes 8 MiB (`edge.odd-dags` of the attacks), and no
   * machine here has so many cores.
   */
  readonly workersMax: number;
  /** Of these, how many load at a time. Default: the cores less one, and never less than 2. */
  readonly loadingMax: number;
  /** How long a stateful stage waits for a missing task, in ms. Default 1,000. */
  readonly gapTimeoutMs: number;
  /** How long a task may run before its worker is given up, in ms. Default 30,000. */
  readonly executeTimeoutMs: number;
  /** How long a service may load, in ms. Default 60,000. */
  readonly loadTimeoutMs: number;
  /** Loads in a row that may fail before the processor gives up. Default 5. */
  readonly loadAttempts: number;
  /** Workers that a task may take with it before it is dropped. Default 3. */
  readonly poisonAttempts: number;
  /** Sources whose order a stateful stage remembers. Default 1,024. */
  readonly sourcesMax: number;
  /** Before a lost worker is replaced. Default 100 ms to 10 s, doubling, less up to a fifth. */
  readonly backoff: SupervisionPolicy["backoff"];
}

/** Workers that a stage without state may have. */
export function replicasOf({
  replicas,
  workersMax,
}: Pick<ProcessorLimits, "replicas" | "workersMax">): number {
  return Math.max(1, Math.min(replicas, workersMax));
}

export const DEFAULT_PROCESSOR_LIMITS: ProcessorLimits = {
  replicas: availableParallelism(),
  growAfterMs: 500,
  shrinkAfterMs: 60_000,
  workersMax: 32,
  // Two also where that is all there is: one that waits for its disk keeps nobody from loading.
  loadingMax: Math.max(2, availableParallelism() - 1),
  gapTimeoutMs: 1_000,
  executeTimeoutMs: 30_000,
  loadTimeoutMs: 60_000,
  loadAttempts: 5,
  poisonAttempts: 3,
  sourcesMax: 1_024,
  backoff: { minMs: 100, maxMs: 10_000, factor: 2, jitter: 0.2 },
};
