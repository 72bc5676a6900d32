import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { Patience } from "../../src/runtime/patience.js";
import { VirtualClock } from "../support/virtual-clock.js";

function waiting(limitMs: number): {
  readonly clock: VirtualClock;
  readonly patience: Patience;
  readonly over: { count: number };
} {
  const clock = new VirtualClock();
  const over = { count: 0 };
  return { clock, over, patience: new Patience(clock, limitMs, () => void (over.count += 1)) };
}

test("Patience ends once, after its time, and leaves no timer", () => {
  const { clock, over } = waiting(1_000);
  clock.advance(999);
  assert.is(over.count, 0);
  clock.advance(1);
  assert.is(over.count, 1);
  clock.advance(60_000);
  assert.is(over.count, 1);
  assert.is(clock.pending, 0);
});

test("Patience counts no time in which its process was held up, however often that is", () => {
  const { clock, over, patience } = waiting(1_000);
  for (let turn = 0; turn < 19; turn += 1) clock.stall(10_000);
  assert.is(over.count, 0);
  // What came meanwhile is read before it ends.
  clock.stall(10_000);
  assert.is(over.count, 0);
  patience.renew();
  clock.advance(999);
  assert.is(over.count, 0);
});

test("Patience has all of its time again once the other one gets on, and none passes while it rests", () => {
  const { clock, over, patience } = waiting(1_000);
  for (let turn = 0; turn < 5; turn += 1) {
    clock.advance(900);
    patience.renew();
  }
  patience.rest();
  clock.advance(60_000);
  assert.equal([over.count, clock.pending], [0, 0]);
  patience.renew();
  clock.advance(1_000);
  assert.is(over.count, 1);
});

test.run();
