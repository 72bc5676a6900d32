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
  liveness.tick(500);
  liveness.heard();
  assert.equal(
    [750, 1_000, 1_250, 1_500, 1_750].map((nowMs) => liveness.tick(nowMs)),
    [false, false, false, false, true],
  );
});

test("Liveness counts no silence while this side stood still", () => {
  const liveness = new Liveness(LIMITS, 0);
  liveness.tick(250);
  assert.is(liveness.tick(10_000), false);
  assert.equal(
    [10_250, 10_500, 10_750].map((nowMs) => liveness.tick(nowMs)),
    [false, false, true],
  );
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
