import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Grouping, type Grouped, type GroupingTerms } from "../../../src/actors/generator/grouping.js";
import type { TimedFrame } from "../../../src/actors/generator/timeline.js";

const frame = (ms: number, capturedAtMs = 0): TimedFrame => ({
  number: ms / 40,
  passedOver: 1,
  ptsUs: ms * 1_000,
  sourceUs: ms * 1_000 + 7,
  spacingUs: 40_000,
  checksum: ms,
  data: Uint8Array.of(ms),
  capturedAtMs,
});

function grouping(...times: readonly number[]): Grouping {
  const made = new Grouping();
  for (const ms of times) made.hold(frame(ms));
  return made;
}

const terms = (given: Partial<GroupingTerms> = {}): GroupingTerms => ({
  framesPerTask: 2,
  paced: false,
  full: false,
  nowMs: 5_000_000 + (given.monotonicMs ?? 0),
  monotonicMs: 0,
  ...given,
});

/** The times of a group in ms, or why there is none. */
function shown(grouped: Grouped, monotonicMs = 0): string {
  if (grouped.type === "early") return `early until ${monotonicMs + grouped.dueInMs}`;
  return grouped.type === "blocked"
    ? "blocked"
    : grouped.group.frames.map(({ ptsUs }) => ptsUs / 1_000).join();
}

test("Grouping makes groups of framesPerTask in order, and waits for the frames of the next one", () => {
  const frames = grouping(0, 40, 80);
  assert.is(shown(frames.next(terms())), "0,40");
  assert.is(shown(frames.next(terms())), "blocked");
  assert.equal([frames.begun, frames.frameCount, frames.heldCount], [true, 1, 0]);
  frames.hold(frame(120));
  assert.is(shown(frames.next(terms())), "80,120");
  assert.equal([frames.begun, frames.frameCount], [false, 0]);
});

test("a group says when its first frame left the source, and the time of its last frame", () => {
  const frames = new Grouping();
  frames.hold(frame(0, 1_000));
  frames.hold(frame(40, 1_070));
  assert.equal(frames.next(terms()), {
    type: "complete",
    group: {
      frames: [
        { ptsUs: 0, data: Uint8Array.of(0) },
        { ptsUs: 40_000, data: Uint8Array.of(40) },
      ],
      sourceAtMs: 1_000,
      first: 0,
      last: { frame: 1, sourceUs: 40_007, ptsUs: 40_000, spacingUs: 40_000 },
      passedOver: 2,
      gated: 0,
    },
  });
});

test("Grouping begins no group where there is no room, and goes on with one that has begun", () => {
  const frames = grouping(0);
  assert.is(shown(frames.next(terms({ full: true }))), "blocked");
  assert.is(frames.begun, false);
  assert.is(shown(frames.next(terms())), "blocked");
  assert.is(frames.begun, true);
  frames.hold(frame(40));
  assert.is(shown(frames.next(terms({ full: true }))), "0,40");
});

test("Grouping that is paced takes each frame when it is due, the first one at once", () => {
  const frames = grouping(500, 600, 700);
  const paced = (monotonicMs: number): string =>
    shown(frames.next(terms({ paced: true, monotonicMs })), monotonicMs);
  assert.is(paced(1_000), "early until 1100");
  assert.is(paced(1_099), "early until 1100");
  assert.is(paced(1_100), "500,600");
  assert.is(paced(1_100), "early until 1200");
});

test("Grouping that is paced does not make up for the time without room", () => {
  const frames = grouping(0, 100, 200);
  const paced = (monotonicMs: number, full = false): string =>
    shown(frames.next(terms({ framesPerTask: 1, paced: true, monotonicMs, full })), monotonicMs);
  assert.is(paced(0), "0");
  assert.is(paced(0, true), "blocked");
  assert.is(paced(1_000), "100");
  assert.is(paced(1_000), "early until 1100");
  assert.is(paced(1_100), "200");
});

test("Grouping that is paced makes up for the time that frames were late themselves", () => {
  const frames = grouping(0);
  const paced = (monotonicMs: number): string =>
    shown(frames.next(terms({ framesPerTask: 1, paced: true, monotonicMs })), monotonicMs);
  assert.is(paced(0), "0");
  for (const ms of [100, 200]) frames.hold(frame(ms));
  assert.is(paced(150), "100");
  assert.is(paced(150), "early until 200");
});

test("Grouping that is paced keeps its pace when the clock is set, and says by the new one when a frame left", () => {
  const frames = grouping(0, 100);
  const paced = (monotonicMs: number, nowMs: number): Grouped =>
    frames.next(terms({ framesPerTask: 1, paced: true, monotonicMs, nowMs }));
  assert.is(shown(paced(0, 2_600_000_000)), "0");
  assert.equal(paced(40, 9_040), { type: "early", dueInMs: 60 });
  const second = paced(130, 9_130);
  assert.is(second.type === "complete" ? second.group.sourceAtMs : null, 9_100);
});

test("the last group of Grouping may be shorter, down to framesMin, and all frames behind it are skipped", () => {
  const times = (group: ReturnType<Grouping["last"]>): readonly number[] | null =>
    group?.frames.map(({ ptsUs }) => ptsUs / 1_000) ?? null;
  const begun = (): Grouping => {
    const frames = grouping(0, 40);
    frames.next(terms({ framesPerTask: 3 }));
    frames.hold(frame(80));
    return frames;
  };
  const long = begun();
  assert.equal([times(long.last(2)), long.framesSkipped], [[0, 40], 1]);
  const short = begun();
  assert.equal([times(short.last(3)), short.framesSkipped], [null, 3]);
  const none = begun();
  assert.equal([times(none.last(null)), none.framesSkipped], [null, 3]);
  assert.equal([none.frameCount, times(none.last(1)), none.framesSkipped], [0, null, 3]);
});

test("Grouping forgets the frames that no group has, and keeps those of the group in the making", () => {
  const frames = grouping(0);
  frames.next(terms());
  frames.hold(frame(40));
  frames.discardHeld();
  assert.equal([frames.frameCount, frames.framesSkipped], [1, 0]);
  frames.hold(frame(40));
  assert.is(shown(frames.next(terms())), "0,40");
});

test("every frame that Grouping is given is in one group, skipped or still here, in order", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ type: "hold" } as const) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant("next" as const),
        paced: fc.boolean(),
        full: fc.boolean(),
        waitMs: fc.nat(300),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("last" as const), framesMin: fc.nat(3) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, framesPerTask) => {
      const frames = new Grouping();
      const grouped: number[] = [];
      let given = 0;
      let nowMs = 0;
      for (const taken of steps) {
        if (taken.type === "hold") {
          frames.hold(frame(100 * given++));
        } else if (taken.type === "next") {
          nowMs += taken.waitMs;
          const { paced, full } = taken;
          const next = frames.next(terms({ framesPerTask, paced, full, monotonicMs: nowMs }));
          if (next.type !== "complete") continue;
          assert.is(next.group.frames.length, framesPerTask);
          grouped.push(...next.group.frames.map(({ ptsUs }) => ptsUs));
        } else {
          grouped.push(...(frames.last(taken.framesMin)?.frames.map(({ ptsUs }) => ptsUs) ?? []));
        }
        assert.is(grouped.length + frames.framesSkipped + frames.frameCount, given);
      }
      assert.equal(
        grouped,
        [...new Set(grouped)].sort((a, b) => a - b),
      );
    }),
  );
});

test.run();
