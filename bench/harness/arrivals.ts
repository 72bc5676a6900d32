/**
 * When operations are to begin, whatever became of those before: the open loop. A latency is counted from the intended time,
 * so that an operation that had to wait for a stall counts the stall, as its user would (no coordinated omission: Gil Tene,
 * "How NOT to Measure Latency").
 */

import type { Round } from "./case.js";

/** Intended times in ms from the start of the round, rising, without an end. */
export type Arrivals = Iterator<number, undefined>;

/** @param perSecond above 0 */
export function* constantArrivals(perSecond: number): Generator<number, undefined> {
  for (let n = 0; ; n += 1) yield (n * 1_000) / perSecond;
}

/** Independent users: exponential gaps. @param random uniform in [0, 1) */
export function* poissonArrivals(perSecond: number, random: () => number): Generator<number, undefined> {
  for (let atMs = 0; ;) {
    atMs += (-Math.log(1 - random()) * 1_000) / perSecond;
    yield atMs;
  }
}

/** Recorded times, over and over; the last gap is that before the first. @param timesMs rising, at least two */
export function* tracedArrivals(timesMs: readonly number[]): Generator<number, undefined> {
  const first = timesMs[0] ?? 0;
  const lengthMs = (timesMs.at(-1) ?? 0) - first;
  if (timesMs.length < 2 || !(lengthMs > 0))
    throw new RangeError("A trace of arrivals needs two times that differ");
  const periodMs = lengthMs + lengthMs / (timesMs.length - 1);
  for (let turn = 0; ; turn += 1) for (const atMs of timesMs) yield turn * periodMs + atMs - first;
}

/** At most so many are begun and not done: beyond it, the rate is more than the subject can do, and the round says so. */
const IN_FLIGHT_MAX = 100_000;

/**
 * Begins operations at their times until the round is over, then waits for the last.
 *
 * @throws Error where more than `IN_FLIGHT_MAX` are under way
 */
export async function openLoop(
  round: Round,
  arrivals: Arrivals,
  operate: () => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  const loop = { inFlight: 0, failure: null as Error | null, done: (): void => {} };
  const begin = (intendedMs: number): void => {
    loop.inFlight += 1;
    void operate()
      .then(() => round.took(performance.now() - startMs - intendedMs))
      .catch((error: unknown) => (loop.failure = error instanceof Error ? error : new Error(String(error))))
      .finally(() => {
        loop.inFlight -= 1;
        if (loop.inFlight === 0) loop.done();
      });
  };
  let next = arrivals.next();
  while (!round.over && next.done !== true && loop.failure === null) {
    const nowMs = performance.now() - startMs;
    for (; next.done !== true && next.value <= nowMs; next = arrivals.next()) begin(next.value);
    if (loop.inFlight > IN_FLIGHT_MAX) throw new Error(`More than ${IN_FLIGHT_MAX} are under way at once`);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  if (loop.inFlight > 0) await new Promise<void>((resolve) => (loop.done = resolve));
  if (loop.failure !== null) throw loop.failure;
}

/** `concurrency` at a time, each begun when one before is done: for saturation. */
export async function closedLoop(
  round: Round,
  concurrency: number,
  operate: () => Promise<unknown>,
): Promise<void> {
  const startMs = performance.now();
  let operations = 0;
  const work = async (): Promise<void> => {
    while (!round.over) {
      const beganMs = performance.now();
      await operate();
      round.took(performance.now() - beganMs);
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  round.did(operations, performance.now() - startMs);
}
