import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Detection, StageResult } from "../../src/task/service.js";
import { foundIn, sightingsOf } from "../../src/task/sightings.js";

const box = (x: number, label: string, trackId?: number): Detection => ({
  x,
  y: 0.4,
  width: 0.1,
  height: 0.2,
  score: 0.9,
  label,
  ...(trackId !== undefined && { trackId }),
});

function recordOf(results: Readonly<Record<string, StageResult>>, frameCount = 1) {
  return { results, frameCount };
}

test("sightingsOf makes one thing of what a detector, a tracker and a classifier say of one box", () => {
  const record = recordOf({
    colours: { type: "labels", frames: [[box(0.1, "red"), box(0.5, "blue")]] },
    objects: { type: "boxes", frames: [[box(0.1, "car"), box(0.5, "car")]] },
    tracks: { type: "tracks", frames: [[box(0.1, "car", 3), box(0.5, "car", 7)]] },
  });
  assert.equal(
    sightingsOf(record).map(({ name, label, trackId }) => [name, label, trackId]),
    [
      ["car red", "car", 3],
      ["car blue", "car", 7],
    ],
  );
});

test("sightingsOf leaves out boxes that no tracker has taken, where it has taken others of their label", () => {
  const record = recordOf({
    objects: { type: "boxes", frames: [[box(0.1, "car"), box(0.5, "car"), box(0.8, "dog")]] },
    tracks: { type: "tracks", frames: [[box(0.1, "car", 3)]] },
  });
  assert.equal(
    sightingsOf(record).map(({ name, trackId }) => [name, trackId]),
    [
      ["car", 3],
      ["dog", null],
    ],
  );
});

test("foundIn counts each track once, under the name by which it was seen most, and says where it was last", () => {
  const frames = ["red", "grey", "red"].map((colour, index) => ({
    track: [box(index * 0.2, "car", 1)],
    colour: [box(index * 0.2, colour)],
  }));
  const [found, ...others] = foundIn(
    recordOf(
      {
        tracks: { type: "tracks", frames: frames.map(({ track }) => track) },
        colours: { type: "labels", frames: frames.map(({ colour }) => colour) },
      },
      3,
    ),
  );
  assert.equal(others, []);
  assert.equal([found?.name, found?.count, found?.trackIds], ["car red", 1, [1]]);
  assert.equal(
    found?.last.map(({ x, frame }) => [x, frame]),
    [[0.4, 2]],
  );
});

test("foundIn counts what nobody tracks by the most in one frame", () => {
  const frames = [[box(0.1, "face")], [box(0.1, "face"), box(0.6, "face")], []];
  const [found] = foundIn(recordOf({ faces: { type: "boxes", frames } }, 3));
  assert.equal([found?.name, found?.count, found?.trackIds], ["face", 2, []]);
  assert.equal(foundIn(recordOf({ faces: { type: "boxes", frames: [] } })), []);
});

test.run();
