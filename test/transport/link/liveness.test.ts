import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Liveness } from "../../../src/transport/link/liveness.js";

const LIMITS = { heartbeatMs: 250, silenceMs: 1_000 };

test("Liveness declares the other side down after silenceMs without a frame", () => {
  const liveness = new Liveness(LIMITS, 0);
  assert.equal(
    [250, 500, 750, 1_000].map((nowMs) => liveness.tick(nowMs)),
    [false, false, false, true],
  );
});

test("Liveness starts to count silence again with every frame", () => {
  const liveness = new Liveness(LIMITS, 0);
  liveness.tick(250);
  liveness.heard();
  assert.equal(
    [500, 750, 1_000, 1_250, 1_500].map((nowMs) => liveness.tick(nowMs)),
    [false, false, false, false, true],
  );
});

test("Liveness counts no silence while this side stood still, and judges by what it has read since", () => {
  const liveness = new Liveness(LIMITS, 0);
  assert.equal(
    [250, 500, 750, 1_900].map((nowMs) => liveness.tick(nowMs)),
    [false, false, false, false],
  );
  liveness.heard();
  assert.is(liveness.tick(2_150), false);
});

test("Liveness takes what its own timer is late by for no silence of the other side", () => {
  const liveness = new Liveness(LIMITS, 0);
  // Late by 100 ms each time: the other side had four periods of 250 ms, as ever.
  assert.equal(
    [350, 700, 1_050, 1_400].map((nowMs) => liveness.tick(nowMs)),
    [false, false, false, true],
  );
});

test("Liveness gives three times as long as the other side, or this one, was held up of late, and 4 s more at most", () => {
  /** How long is silence taken for a pause, in ms, by ticks on time? */
  const patienceMs = (liveness: Liveness, fromMs: number): number => {
    for (let silentMs = 250; ; silentMs += 250) if (liveness.tick(fromMs + silentMs)) return silentMs;
  };
  const slow = new Liveness(LIMITS, 0);
  for (const nowMs of [250, 500, 750]) slow.tick(nowMs);
  slow.heard();
  slow.tick(1_000);
  assert.is(patienceMs(slow, 1_000), 2_250);

  const here = new Liveness(LIMITS, 0);
  here.tick(250 + 500);
  here.heard();
  here.tick(1_000);
  assert.is(patienceMs(here, 1_000), 1_500);

  const stopped = new Liveness(LIMITS, 0);
  stopped.tick(60_000);
  stopped.heard();
  stopped.tick(60_250);
  assert.is(patienceMs(stopped, 60_250), 5_000);

  // What was is forgotten where all goes well.
  let nowMs = 1_000;
  const well = new Liveness(LIMITS, 0);
  well.tick(10_000);
  for (nowMs = 10_250; nowMs <= 40_000; nowMs += 250) {
    well.heard();
    well.tick(nowMs);
  }
  assert.is(patienceMs(well, nowMs - 250), 1_000);
});

test("Liveness finds round trip and clock offset from echoes, by the fastest of the last round trips", () => {
  const liveness = new Liveness(LIMITS, 0);
  assert.equal([liveness.rttMs, liveness.peerClockMs(0)], [null, null]);
  liveness.next(1_000, 1_000);
  // The other clock is 5,000 ms ahead; 30 ms there and 10 ms back, held for 100 ms.
  liveness.heartbeat({ sentAtMs: 6_130, echoedMs: 1_000, heldMs: 100 }, 1_140);
  assert.equal([liveness.rttMs, liveness.peerClockMs(0)], [40, 5_010]);
  liveness.next(2_000, 2_000);
  // 2 ms each way.
  liveness.heartbeat({ sentAtMs: 7_102, echoedMs: 2_000, heldMs: 100 }, 2_104);
  assert.equal([liveness.rttMs, liveness.peerClockMs(0)], [4, 5_000]);
  liveness.heartbeat({ sentAtMs: 9_000, echoedMs: 99_999, heldMs: 0 }, 4_000);
  assert.is(liveness.rttMs, 4);
});

test("Liveness.next echoes the newest heartbeat and how long it was held", () => {
  const liveness = new Liveness(LIMITS, 0);
  assert.equal(liveness.next(10, 10), { sentAtMs: 10, echoedMs: 0, heldMs: 0 });
  liveness.heartbeat({ sentAtMs: 777, echoedMs: 0, heldMs: 0 }, 20);
  assert.equal(liveness.next(50, 50), { sentAtMs: 50, echoedMs: 777, heldMs: 30 });
});

test("Liveness measures alike when this side's clock is set in between, and takes no echo of what it never sent", () => {
  const liveness = new Liveness(LIMITS, 0);
  liveness.next(1_000, 700_000);
  // Set back by 600 s meanwhile: the echo names the time before it.
  liveness.next(1_250, 100_250);
  liveness.heartbeat({ sentAtMs: 900_000, echoedMs: 700_000, heldMs: 300 }, 1_310);
  assert.equal([liveness.rttMs, liveness.peerClockMs(1_310)], [10, 900_005]);
  liveness.heartbeat({ sentAtMs: 5, echoedMs: 777, heldMs: 0 }, 1_400);
  assert.is(liveness.peerClockMs(1_310), 900_005);
});

test("Liveness forgets what a clock said before it was set, however fast the round trips were then", () => {
  const liveness = new Liveness(LIMITS, 0);
  liveness.next(1_000, 1_000);
  liveness.heartbeat({ sentAtMs: 6_001, echoedMs: 1_000, heldMs: 0 }, 1_002);
  liveness.next(2_000, 2_000);
  liveness.heartbeat({ sentAtMs: 1_000_020, echoedMs: 2_000, heldMs: 0 }, 2_040);
  assert.equal([liveness.rttMs, liveness.peerClockMs(2_040)], [40, 1_000_040]);
});

test.run();
