import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { sceneOf } from "../../src/task/scene.js";
import type { Detection, StageResult } from "../../src/task/service.js";

const box = (x: number, changes: Partial<Detection> = {}): Detection => ({
  x,
  y: 0,
  width: 0.5,
  height: 0.2,
  score: 1,
  label: "car",
  ...changes,
});

test("sceneOf counts what the last stage found in a frame, and measures its boxes", () => {
  const last: StageResult = { type: "labels", frames: [[box(0), box(0.5, { height: 0.4 })], [], [box(0)]] };
  const { objects, size, speed } = sceneOf(last, [last], [0, 100_000, 200_000]);
  assert.is(objects, 1);
  assert.ok(Math.abs((size ?? 0) - (0.1 + 0.2 + 0.1) / 3) < 1e-12);
  assert.is(speed, null);
});

test("sceneOf takes the speed of tracks, also over frames in which they were not seen", () => {
  const tracks: StageResult = {
    type: "tracks",
    frames: [[box(0, { trackId: 1 }), box(0, { trackId: 2 })], [], [box(0.2, { trackId: 1 })]],
  };
  const { speed } = sceneOf(undefined, [tracks], [0, 100_000, 200_000]);
  assert.ok(Math.abs((speed ?? 0) - 1) < 1e-12, String(speed));
});

test("sceneOf of a task without results says that nothing was seen", () => {
  assert.equal(sceneOf(undefined, [], []), { objects: 0, size: null, speed: null });
});

test.run();
