import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { Fences } from "../../src/scheduling/fences.js";
import { parseSourceId } from "../../src/task/identity.js";

const CAM_1 = parseSourceId("cam-1");
const CAM_2 = parseSourceId("cam-2");
const slowOn = { policy: "slow", source: CAM_1, isShadow: false };

test("Fences keep a slow policy from its source for 10 s, twice as long each time in a row, to 640 s", () => {
  const fences = new Fences();
  const waits = Array.from(
    { length: 9 },
    () => fences.strike(slowOn, { kind: "slow", text: "slow" }, 0).forMs,
  );
  assert.equal(waits.slice(0, 3), [10_000, 20_000, 40_000]);
  assert.is(waits.at(-1), 640_000);
  assert.is(fences.reason(slowOn, 639_999), "slow");
  assert.is(fences.reason(slowOn, 640_000), null);
  assert.is(fences.reason({ ...slowOn, source: CAM_2 }, 0), null);
  fences.lift(slowOn);
  assert.is(fences.strike(slowOn, { kind: "slow", text: "slow" }, 0).forMs, 10_000);
});

test("Fences ask a policy that throws again at once three times, and then after 2 s, 4 s and so on", () => {
  const fences = new Fences();
  const waits = Array.from(
    { length: 12 },
    () => fences.strike(slowOn, { kind: "threw", text: "x" }, 0).forMs,
  );
  assert.equal(waits.slice(0, 6), [0, 0, 0, 2_000, 4_000, 8_000]);
  assert.is(waits.at(-1), 64_000);
});

test("Fences keep a policy that had to be ended from all sources, and its shadows apart", () => {
  const fences = new Fences();
  fences.strike({ policy: "loop", source: null, isShadow: true }, { kind: "stuck", text: "ended" }, 0);
  assert.is(fences.reason({ policy: "loop", source: CAM_1, isShadow: true }, 1), "ended");
  assert.is(fences.reason({ policy: "loop", source: CAM_1, isShadow: false }, 1), null);
  fences.strike({ policy: "loop", source: null, isShadow: false }, { kind: "stuck", text: "ended" }, 0);
  assert.is(fences.reason({ policy: "loop", source: CAM_2, isShadow: false }, 1), "ended");
  assert.is(fences.reason({ policy: "other", source: CAM_2, isShadow: false }, 1), null);
  assert.is(fences.report(1).length, 2);
  fences.clear();
  assert.is(fences.report(1).length, 0);
});

test("Fences forget a source that is gone", () => {
  const fences = new Fences();
  fences.strike(slowOn, { kind: "slow", text: "slow" }, 0);
  fences.forget(CAM_1);
  assert.is(fences.reason(slowOn, 1), null);
});

test.run();
