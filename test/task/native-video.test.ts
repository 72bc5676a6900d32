import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseSpace } from "../../src/task/configuration-space.js";
import { soundNative, withinNative } from "../../src/task/native-video.js";

const space = parseSpace({ resolution: ["320x180", "640x360", "1280x720"], fps: [5, 15, 30, 60] });

test("withinNative leaves sizes of no more pixels and rates that the source has, whichever way up it is", () => {
  const left = (width: number, height: number, fps: number | null) => {
    const { resolutions, fps: rates } = withinNative(space, { width, height, fps });
    return [resolutions.map((size) => size.height), rates];
  };
  assert.equal(left(640, 360, 25), [
    [180, 360],
    [5, 15],
  ]);
  assert.equal(left(720, 1_280, 29.97), [
    [180, 360, 720],
    [5, 15, 30],
  ]);
  assert.equal(left(160, 90, null), [[], [5, 15, 30, 60]]);
});

test("soundNative takes nothing without a size, and no rate that is none", () => {
  const sound = (width: number, height: number, fps: number | null) => soundNative({ width, height, fps });
  for (const side of [0, -1, 0.5, Number.NaN, Infinity, 65_537]) {
    assert.is(sound(side, 360, 25), null);
    assert.is(sound(640, side, 25), null);
  }
  for (const fps of [0, -1, Number.NaN, Infinity]) assert.is(sound(640, 360, fps)?.fps, null);
  assert.equal(sound(640, 360, 29.97), { width: 640, height: 360, fps: 29.97 });
});

test.run();
