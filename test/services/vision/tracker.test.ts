import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Tracker, type TrackerOptions } from "../../../src/services/vision/tracker.js";
import type { Detection } from "../../../src/task/service.js";
import { crossingScene } from "../../support/crossing-scene.js";
import { seeded } from "../../support/fold.js";
import { trackingScore, type TrackingScore } from "../../support/tracking-score.js";

const OPTIONS: TrackerOptions = {
  hitsMin: 2,
  lostAfterMs: 1_000,
  tentativeAfterMs: 250,
  iouMin: 0.2,
  reach: 0.25,
  tracksMax: 200,
  scoreSure: 0.5,
};

interface Mover {
  readonly x: number;
  readonly y: number;
  /** Shares of the frame a second. */
  readonly vx: number;
  readonly vy: number;
}

const SIZE = 0.1;

function boxAt({ x, y, vx, vy }: Mover, seconds: number, jitter = () => 0): Detection {
  return {
    x: x + vx * seconds + jitter(),
    y: y + vy * seconds + jitter(),
    width: SIZE + jitter(),
    height: SIZE + jitter(),
    score: 0.9,
    label: "thing",
  };
}

/** Follows movers at 10 fps, one frame a call, and gives of each frame the id of each mover that is shown. */
function follow(
  movers: readonly Mover[],
  frameCount: number,
  shown: (mover: number, frame: number) => boolean = () => true,
  options: Partial<TrackerOptions> = {},
): (number | undefined)[][] {
  const tracker = new Tracker({ ...OPTIONS, ...options });
  const random = seeded(7);
  const jitter = () => (random() - 0.5) * 0.01;
  return Array.from({ length: frameCount }, (_, frame) => {
    const detections = movers.map((mover) => boxAt(mover, frame / 10, jitter));
    // In an order that changes, so that no id hangs on it.
    const given = detections.filter((_d, mover) => shown(mover, frame));
    if (frame % 2 === 1) given.reverse();
    const [found = []] = tracker.follow([given], [frame * 100_000]);
    return detections.map(
      (detection) => found.find(({ x, y }) => x === detection.x && y === detection.y)?.trackId,
    );
  });
}

const CROSSING: readonly Mover[] = [
  { x: 0.1, y: 0.4, vx: 0.3, vy: 0.05 },
  { x: 0.8, y: 0.5, vx: -0.3, vy: -0.05 },
];

test("Tracker keeps the ids of two things that pass each other", () => {
  const ids = follow(CROSSING, 24);
  assert.equal(ids[1]?.toSorted(), [1, 2]);
  for (const both of ids.slice(2)) assert.equal(both, ids[1]);
});

test("Tracker finds a thing again under its id behind an obstacle", () => {
  const ids = follow([{ x: 0.1, y: 0.4, vx: 0.25, vy: 0 }], 30, (_, frame) => frame < 10 || frame >= 18);
  assert.equal(ids[9], [1]);
  assert.equal(ids[18], [1]);
  assert.equal(ids[29], [1]);
});

test("Tracker keeps both ids where one hides the other while they cross", () => {
  const ids = follow(CROSSING, 24, (mover, frame) => mover === 0 || frame < 9 || frame > 14);
  assert.equal(ids[8]?.toSorted(), [1, 2]);
  for (const both of ids.slice(16)) assert.equal(both, ids[8]);
});

test("Tracker gives a new id after lostAfterMs without a box, in time and not in frames", () => {
  const still = { x: 0.4, y: 0.4, vx: 0, vy: 0 };
  const at = (lost: number) => {
    const tracker = new Tracker(OPTIONS);
    tracker.follow([[boxAt(still, 0)], [boxAt(still, 0)]], [0, 100_000]);
    return tracker.follow([[boxAt(still, 0)], [boxAt(still, 0)]], [lost, lost + 100_000])[1]?.[0]?.trackId;
  };
  assert.is(at(1_100_000), 1);
  assert.is(at(1_100_001), 2);
});

test("Tracker goes on over a task that never came", () => {
  const ids = follow([{ x: 0.1, y: 0.2, vx: 0.3, vy: 0.2 }], 24, (_, frame) => frame < 8 || frame >= 12);
  assert.equal(ids[23], [1]);
});

test("Tracker reports the first boxes of a track that is confirmed within the same task", () => {
  const thing = { x: 0.2, y: 0.2, vx: 0.1, vy: 0 };
  const frames = [0, 1, 2].map((index) => [boxAt(thing, index / 10)]);
  const tracker = new Tracker({ ...OPTIONS, hitsMin: 3 });
  assert.equal(
    tracker.follow(frames, [0, 100_000, 200_000]).map(([box]) => box?.trackId),
    [1, 1, 1],
  );
});

test("Tracker gives no id to what shows once", () => {
  const tracker = new Tracker(OPTIONS);
  assert.equal(tracker.follow([[boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0)], []], [0, 100_000]), [[], []]);
  assert.is(tracker.nextId, 1);
});

test("Tracker keeps a track whose box shrinks as it goes behind an obstacle in its place", () => {
  const tracker = new Tracker(OPTIONS);
  const ids: (number | undefined)[] = [];
  for (let frame = 0; frame < 30; frame++) {
    const left = 0.1 + frame * 0.025;
    // A wall from 0.4 to 0.48 hides what is behind it.
    const parts = [
      { from: left, to: Math.min(left + SIZE, 0.4) },
      { from: Math.max(left, 0.48), to: left + SIZE },
    ].filter(({ from, to }) => to - from > 0.01);
    const [part] = parts.sort((a, b) => b.to - b.from - (a.to - a.from));
    const boxes =
      part === undefined
        ? []
        : [{ ...boxAt({ x: 0, y: 0.4, vx: 0, vy: 0 }, 0), x: part.from, width: part.to - part.from }];
    ids.push(tracker.follow([boxes], [frame * 100_000])[0]?.[0]?.trackId);
  }
  assert.equal(new Set(ids.slice(1)), new Set([1]));
});

test("Tracker never takes a thing of one label for one of another", () => {
  const tracker = new Tracker({ ...OPTIONS, hitsMin: 1 });
  const box = boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0);
  const found = tracker.follow([[box], [{ ...box, label: "other" }]], [0, 100_000]);
  assert.equal(
    found.map(([detection]) => detection?.trackId),
    [1, 2],
  );
});

test("Tracker ends its tracks where the source's time jumps back", () => {
  const tracker = new Tracker(OPTIONS);
  const box = boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0);
  const at = (fromUs: number) => tracker.follow([[box], [box]], [fromUs, fromUs + 100_000])[1]?.[0]?.trackId;
  assert.is(at(5_000_000), 1);
  assert.is(at(0), 2);
  assert.is(at(200_000), 2);
});

test("Tracker keeps no more than tracksMax tracks", () => {
  const movers = Array.from({ length: 8 }, (_, index) => ({ x: index * 0.12, y: 0.4, vx: 0, vy: 0 }));
  const ids = follow(movers, 3, () => true, { tracksMax: 5 });
  assert.is((ids[2] ?? []).filter((id) => id !== undefined).length, 5);
});

test("Tracker takes frames at one and the same time, and none", () => {
  const tracker = new Tracker(OPTIONS);
  const box = boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0);
  assert.equal(
    tracker.follow([[box], [box]], [5, 5]).map(([found]) => found?.trackId),
    [1, 1],
  );
  assert.equal(tracker.follow([], []), []);
});

function scored(box: Detection, score: number): Detection {
  return { ...box, score };
}

test("Tracker goes on with a track by a box that it is not sure of, and starts none by it", () => {
  const tracker = new Tracker(OPTIONS);
  const mover = { x: 0.2, y: 0.2, vx: 0.2, vy: 0 };
  const box = (frame: number) => boxAt(mover, frame / 10);
  const frames = [0.9, 0.9, 0.3, 0.3, 0.9].map((score, frame) => [scored(box(frame), score)]);
  const shadow = scored({ ...box(0), y: 0.7 }, 0.4);
  const found = tracker.follow(
    frames.map((boxes) => [...boxes, shadow]),
    [0, 1, 2, 3, 4].map((frame) => frame * 100_000),
  );
  assert.equal(
    found.map((boxes) => boxes.map(({ trackId }) => trackId)),
    [[1], [1], [1], [1], [1]],
  );
});

test("Tracker finds no track again by a box that it is not sure of", () => {
  const tracker = new Tracker(OPTIONS);
  const box = boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0);
  const found = tracker.follow(
    [[box], [box], [], [scored(box, 0.3)], [box]],
    [0, 1, 2, 3, 4].map((frame) => frame * 100_000),
  );
  assert.equal(
    found.map((boxes) => boxes.map(({ trackId }) => trackId)),
    [[1], [1], [], [], [1]],
  );
});

test("Tracker lets sure boxes choose first, and unsure ones only among what these left", () => {
  const tracker = new Tracker(OPTIONS);
  const box = boxAt({ x: 0.2, y: 0.2, vx: 0, vy: 0 }, 0);
  const beside = { ...box, x: box.x + 0.02 };
  const [, , last] = tracker.follow([[box], [box], [scored(box, 0.4), beside]], [0, 100_000, 200_000]);
  assert.equal(
    last?.map(({ x, trackId }) => [x, trackId]),
    [[beside.x, 1]],
  );
});

/** Means over 12 scenes, of boxes from a score of 0.3 on, as `object-detection` gives them. */
function crossings(scoreSure: number): { readonly mota: number; readonly idf1: number } {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
  const scores = seeds.map((seed) => {
    const { ptsUs, truth, detections } = crossingScene(seed);
    const tracker = new Tracker({ ...OPTIONS, scoreSure });
    const found = tracker.follow(
      detections.map((boxes) => boxes.filter(({ score }) => score >= 0.3)),
      ptsUs,
    );
    return trackingScore(
      truth,
      found.map((boxes) => boxes.map((box) => ({ ...box, id: box.trackId ?? 0 }))),
    );
  });
  const mean = (of: (score: TrackingScore) => number) =>
    scores.reduce((sum, score) => sum + of(score), 0) / scores.length;
  return { mota: mean(({ mota }) => mota), idf1: mean(({ idf1 }) => idf1) };
}

test("Tracker follows a crowd that crosses and is hidden better in two stages than in one", () => {
  const [one, two] = [crossings(0), crossings(0.6)];
  assert.ok(two.mota > one.mota + 0.05, `MOTA ${two.mota} against ${one.mota}`);
  assert.ok(two.idf1 > one.idf1 + 0.05, `IDF1 ${two.idf1} against ${one.idf1}`);
  assert.ok(two.mota > 0.7 && two.idf1 > 0.65, `MOTA ${two.mota}, IDF1 ${two.idf1}`);
});

test.run();
