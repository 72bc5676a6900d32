/** What a thread is at, for whoever watches it from outside: in shared memory, as a thread in an endless loop tells nobody. */

/** Int32: the job, what is done for it, at which turn, and how often this was written. */
export type Progress = Int32Array<SharedArrayBuffer>;

const DOINGS = ["nothing", "deciding", "shadowing", "checking"] as const;

export interface Doing {
  readonly job: number;
  readonly doing: (typeof DOINGS)[number];
  /** Of the turn. */
  readonly index: number;
}

export function createProgress(): Progress {
  return new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT));
}

export function writeProgress(progress: Progress, { job, doing, index }: Doing): void {
  Atomics.store(progress, 0, job);
  Atomics.store(progress, 1, DOINGS.indexOf(doing));
  Atomics.store(progress, 2, index);
  Atomics.add(progress, 3, 1);
}

/** @returns also a number that is another one whenever it was written meanwhile */
export function readProgress(progress: Progress): Doing & { readonly stamp: number } {
  return {
    job: Atomics.load(progress, 0),
    doing: DOINGS[Atomics.load(progress, 1)] ?? "nothing",
    index: Atomics.load(progress, 2),
    stamp: Atomics.load(progress, 3),
  };
}
