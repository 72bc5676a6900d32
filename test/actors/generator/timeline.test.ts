import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { Timeline, type TimedFrame } from "../../../src/actors/generator/timeline.js";
import type { SourcePosition } from "../../../src/task/position.js";

const FPS = 25;

/** A frame of a file, or of a camera that comes at `liveAtMs`; times of the source are in ms here. */
function place(timeline: Timeline, ms: number, liveAtMs: number | null = null): TimedFrame {
  const frame = {
    number: 0,
    passedOver: 0,
    ptsUs: ms * 1_000,
    checksum: 0,
    data: new Uint8Array(0),
    capturedAtMs: 0,
  };
  return timeline.place(frame, { fps: FPS, liveAtMs });
}

/** The times that tasks carry, in ms. */
const placed = (timeline: Timeline, times: readonly number[]): readonly number[] =>
  times.map((ms) => place(timeline, ms).ptsUs / 1_000);

const every = (fromMs: number, count: number, stepMs = 40): readonly number[] =>
  Array.from({ length: count }, (_, index) => fromMs + index * stepMs);

test("Timeline leaves times that grow as they are, whatever they begin with", () => {
  const timeline = new Timeline();
  const times = [7_000, 7_040, 7_080, 9_000, 18_900];
  assert.equal(placed(timeline, times), times);
  assert.is(timeline.steps, 0);
});

test("Timeline sets a second recording behind the first by the spacing of its frames, and keeps its distances", () => {
  const timeline = new Timeline();
  const twice = [...every(80, 150), ...every(80, 150)];
  assert.equal(placed(timeline, twice), every(80, 300));
  assert.is(timeline.steps, 1);
});

test("Timeline gives a frame that is stamped an hour ahead a place between its neighbours", () => {
  const timeline = new Timeline();
  const times = [...every(0, 25), 3_600_960, ...every(1_040, 24)];
  assert.equal(placed(timeline, times), every(0, 50));
  assert.is(timeline.steps, 2);
});

test("Timeline lets a recording pause for 10 s, and one of a frame each minute be what it is", () => {
  const pausing = new Timeline();
  assert.equal(placed(pausing, [0, 40, 10_040, 20_041]), [0, 40, 10_040, 10_120]);
  const lapse = new Timeline();
  const times = every(0, 40, 60_000);
  assert.equal([placed(lapse, times), lapse.steps], [times, 0]);
});

test("Timeline sets a connection to a camera behind the last frame by the time that passed, by the monotonic clock", () => {
  const timeline = new Timeline();
  timeline.reconnect();
  assert.is(place(timeline, 7_000, 100).ptsUs, 7_000_000);
  assert.is(place(timeline, 7_040, 140).ptsUs, 7_040_000);
  timeline.reconnect();
  assert.is(place(timeline, 0, 640).ptsUs, 7_540_000);
  assert.is(place(timeline, 40, 680).ptsUs, 7_580_000);
  assert.is(timeline.steps, 0, "a connection is no step of the source");
});

test("Timeline goes on where a camera stamps one frame ten hours ahead, and where it pauses for a minute", () => {
  const timeline = new Timeline();
  for (const [index, ms] of every(0, 10).entries()) place(timeline, ms, index * 40);
  assert.is(place(timeline, 36_000_400, 405).ptsUs, 405_000);
  assert.is(place(timeline, 440, 445).ptsUs, 445_000);
  assert.is(place(timeline, 480, 480).ptsUs, 485_000);
  assert.is(place(timeline, 60_480, 60_490).ptsUs, 60_485_000);
  assert.is(timeline.steps, 2);
});

test("Timeline that is resumed at any frame gives the times that it would have given, which only grow", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -20_000, max: 20_000 }), { minLength: 2, maxLength: 40 }),
      fc.nat(),
      (steps, pick) => {
        let ms = 0;
        const times = steps.map((step) => (ms += step));
        const whole = new Timeline();
        const frames = times.map((each) => place(whole, each));
        for (const [index, { ptsUs }] of frames.entries()) {
          const before = frames[index - 1];
          assert.ok(before === undefined || ptsUs > before.ptsUs);
        }
        const from = pick % times.length;
        const resumed = new Timeline();
        resumed.resume(positionOf(frames[from]));
        assert.equal(
          times.slice(from + 1).map((each) => place(resumed, each).ptsUs),
          frames.slice(from + 1).map(({ ptsUs }) => ptsUs),
        );
      },
    ),
  );
});

function positionOf(frame: TimedFrame | undefined): SourcePosition | null {
  if (frame === undefined) return null;
  const { number, sourceUs, ptsUs, spacingUs } = frame;
  return { frame: number, sourceUs, ptsUs, spacingUs };
}

test.run();
