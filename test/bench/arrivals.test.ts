import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { constantArrivals, openLoop, poissonArrivals, tracedArrivals } from "../../bench/harness/arrivals.js";
import type { Round } from "../../bench/harness/case.js";
import { createPrng } from "../../src/simulation/prng.js";

function first(arrivals: Generator<number, undefined>, count: number): number[] {
  return Array.from({ length: count }, () => arrivals.next().value ?? Number.NaN);
}

test("constantArrivals are equally far apart", () => {
  assert.equal(first(constantArrivals(100), 4), [0, 10, 20, 30]);
});

test("poissonArrivals come at their rate, with exponential gaps", () => {
  const prng = createPrng(1);
  const times = first(
    poissonArrivals(1_000, () => prng.next()),
    100_000,
  );
  const gaps = times.map((atMs, at) => atMs - (times[at - 1] ?? 0));
  const mean = (times.at(-1) ?? 0) / times.length;
  assert.ok(Math.abs(mean - 1) < 0.02, `mean ${mean}`);
  // Of an exponential distribution, 1 in e is longer than the mean.
  const longer = gaps.filter((gap) => gap > 1).length / gaps.length;
  assert.ok(Math.abs(longer - Math.exp(-1)) < 0.01, `${longer} are longer`);
});

test("tracedArrivals repeat what was recorded, from its first time on", () => {
  assert.equal(first(tracedArrivals([100, 110, 130]), 6), [0, 10, 30, 45, 55, 75]);
  assert.throws(() => tracedArrivals([5]).next(), /two times that differ/);
});

/** Over after `turns` looks at it. */
function roundOf(turns: number): Round & { readonly taken: number[] } {
  const taken: number[] = [];
  let looks = 0;
  return {
    get over() {
      looks += 1;
      return looks > turns;
    },
    took: (ms) => void taken.push(ms),
    lengthMs: Infinity,
    did() {},
    amounts() {},
    taken,
  };
}

test("openLoop counts a latency from when the operation was to begin, so that a stall counts for all who wait", async () => {
  const round = roundOf(3);
  let begun = 0;
  const operate = (): Promise<void> => {
    begun += 1;
    // The first one holds the thread, while ten more are due.
    if (begun === 1) for (const untilMs = performance.now() + 10; performance.now() < untilMs;);
    return Promise.resolve();
  };
  await openLoop(round, constantArrivals(1_000), operate);
  assert.ok(begun >= 10, `${begun} begun`);
  assert.is(round.taken.length, begun);
  // Due at 1 ms, begun after 10.
  assert.ok((round.taken[1] ?? 0) >= 9, `${round.taken[1]} ms`);
});

test("openLoop fails with an operation that fails", async () => {
  const failed = await openLoop(roundOf(2), constantArrivals(1_000), () =>
    Promise.reject(new Error("lost")),
  ).then(
    () => null,
    (error: unknown) => error,
  );
  assert.match(String(failed), /lost/);
});

test.run();
