import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { RateLimit } from "../../src/runtime/rate-limit.js";

/** How many of `tries` at one moment are let through. */
function taken(limit: RateLimit, nowMs: number, tries = 100): number {
  let count = 0;
  for (let n = 0; n < tries; n += 1) if (limit.take(nowMs)) count += 1;
  return count;
}

test("RateLimit lets no more than its burst through at once, also after a pause with tokens left", () => {
  const limit = new RateLimit({ perSecond: 10, burst: 20 }, 0);
  assert.is(taken(limit, 0, 1), 1);
  assert.is(taken(limit, 60_000), 20);
});

test("RateLimit gives back what a time is worth, fractions included, and never more than the burst", () => {
  const limit = new RateLimit({ perSecond: 10, burst: 20 }, 0);
  assert.is(taken(limit, 0), 20);
  assert.is(taken(limit, 50), 0);
  assert.is(taken(limit, 100), 1);
  assert.is(taken(limit, 600), 5);
  assert.is(taken(limit, 1e9), 20);
});

test("RateLimit lets through no more in any time than the burst and what that time is worth", () => {
  const limit = new RateLimit({ perSecond: 100, burst: 50 }, 0);
  let count = 0;
  for (let nowMs = 0; nowMs <= 2_000; nowMs += 7) count += taken(limit, nowMs, 3);
  assert.ok(count <= 50 + 200, `${count} were let through`);
});

test.run();
