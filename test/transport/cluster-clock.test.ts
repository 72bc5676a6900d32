import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { ClusterClock } from "../../src/transport/cluster-clock.js";
import { HeldUpClock, VirtualClock } from "../support/virtual-clock.js";

function setUp() {
  const base = new VirtualClock(1_000_000);
  return { base, clock: new ClusterClock(base) };
}

test("ClusterClock is the machine's until it is corrected", () => {
  const { base, clock } = setUp();
  base.advance(500);
  assert.equal([clock.now(), clock.monotonic(), clock.offsetMs], [1_000_500, 1_000_500, 0]);
});

test("ClusterClock is the machine's also where the thread is held up between two reads", () => {
  const base = new HeldUpClock(1_000_000);
  const clocks = [new ClusterClock(base), new ClusterClock(base)];
  assert.equal(
    clocks.map((clock) => clock.epochMs()),
    [0, 0],
  );
});

test("ClusterClock.correct steps over what is far off, in both directions, and leaves durations alone", () => {
  for (const differenceMs of [60_000, -60_000, -30 * 86_400_000]) {
    const { clock } = setUp();
    const beforeMs = clock.monotonic();
    assert.is(clock.correct(differenceMs, 20), differenceMs);
    assert.equal([clock.now(), clock.monotonic()], [1_000_000 + differenceMs, beforeMs]);
  }
});

test("ClusterClock.correct spreads what is less, and never goes backwards over it", () => {
  const { base, clock } = setUp();
  assert.is(clock.correct(-100, 1), 0);
  let lastMs = clock.now();
  for (let turn = 0; turn < 400; turn += 1) {
    base.advance(1);
    const nowMs = clock.now();
    assert.ok(nowMs > lastMs, `${nowMs} after ${lastMs}`);
    lastMs = nowMs;
  }
  // The first half fast; the last 50 ms at 500 ppm.
  assert.ok(clock.offsetMs <= -50 && clock.offsetMs > -51, `${clock.offsetMs}`);
  base.advance(100_000);
  assert.ok(Math.abs(clock.now() - (base.now() - 100)) < 1e-6);
});

test("ClusterClock comes to rest however often it is corrected by what is measured against it", () => {
  for (const behindMs of [14_000, 120, 30, -14_000, -120]) {
    const { base, clock } = setUp();
    const hubMs = (): number => base.now() + behindMs;
    for (let turn = 0; turn < 120; turn += 1) {
      // Twice in a row, as when a link reports the same round trip again.
      clock.correct(hubMs() - clock.now(), 2);
      clock.correct(hubMs() - clock.now(), 2);
      assert.ok(Math.abs(clock.offsetMs) <= Math.abs(behindMs) + 1e-6, `${clock.offsetMs} in turn ${turn}`);
      base.advance(1_000);
    }
    assert.ok(Math.abs(hubMs() - clock.now()) <= 2, `${hubMs() - clock.now()} ms are left of ${behindMs}`);
  }
});

test("ClusterClock.correct ignores a difference within the error of its measurement", () => {
  const { base, clock } = setUp();
  clock.correct(9, 10);
  base.advance(10_000);
  assert.is(clock.offsetMs, 0);
});

test("ClusterClock moves no further than is certain by an answer that was held up on one way", () => {
  for (const aheadMs of [1, -1]) {
    for (const heldUpMs of [200, 1_000]) {
      // The other clock is 1 ms off; it takes what held the answer up for a way of as long as that.
      const differenceMs = aheadMs + (Math.sign(aheadMs) * heldUpMs) / 2;
      const joining = setUp();
      joining.clock.step(differenceMs, heldUpMs / 2);
      assert.is(joining.clock.now(), 1_000_000 + aheadMs);
      const running = setUp();
      assert.is(running.clock.correct(differenceMs, heldUpMs / 2), 0);
      running.base.advance(100_000);
      assert.is(running.clock.now() - running.base.now(), aheadMs);
    }
  }
});

test("ClusterClock is set also by an answer that was held up, where it is far off beyond that", () => {
  const { clock } = setUp();
  assert.is(clock.correct(60_000, 500), 59_500);
  assert.is(clock.now(), 1_059_500);
  assert.is(clock.correct(500, 500), 0);
});

test("ClusterClock.step sets the clock at once, however little it is beyond the error of its measurement", () => {
  const { clock } = setUp();
  clock.correct(40, 1);
  clock.step(7, 1);
  assert.is(clock.now(), 1_000_007);
});

test("ClusterClock.step changes nothing by a difference within the error of its measurement", () => {
  const { clock } = setUp();
  const before = clock.now();
  clock.step(6, 6);
  clock.step(-6, 8);
  assert.is(clock.now(), before);
  clock.step(6.5, 6);
  assert.is(clock.now(), before + 6.5);
});

test.run();
