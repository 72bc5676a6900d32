import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { Motion } from "../../../src/actors/generator/motion.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { MOTION_GRID, type MotionGate } from "../../../src/task/motion-gate.js";
import { setup } from "./setup.js";

const { columns, rows } = MOTION_GRID;

/** All dark but for cells of one row from the left. */
function greyOf(cells: number, { level = 100, row = 0 } = {}): Uint8Array {
  return new Uint8Array(columns * rows).fill(level, row * columns, row * columns + cells);
}

const STILL = greyOf(0);

function gateOf(knob: unknown): MotionGate {
  const { motionGate } = parseConfiguration({ motionGate: knob });
  if (motionGate === null || motionGate === undefined) throw new Error("There is no gate");
  return motionGate;
}

/** Which of the pictures, a frame each 100 ms, are kept. */
function keptOf(
  greys: readonly Uint8Array[],
  gate: MotionGate,
  { framesPerTask = 1 } = {},
): readonly number[] {
  const motion = new Motion();
  let count = 0;
  return [...greys.keys()].filter((index) => {
    const [grey, begun] = [greys[index] ?? STILL, count % framesPerTask !== 0];
    const keeps = motion.keeps({ grey, ptsUs: index * 100_000 }, gate, { capture: 0, begun });
    if (keeps) count += 1;
    return keeps;
  });
}

const still = (count: number): readonly Uint8Array[] => Array<Uint8Array>(count).fill(STILL);

test("a motion gate keeps the first frame, one each idleMs, those with motion and those within holdMs after it", () => {
  const gate = gateOf({ holdMs: 200, idleMs: 1_000 });
  assert.equal(keptOf(still(25), gate), [0, 10, 20]);
  // Something comes at 5 and stays: the picture is another one once.
  const comes = [...still(5), ...Array<Uint8Array>(12).fill(greyOf(6))];
  assert.equal(keptOf(comes, gate), [0, 5, 6, 7]);
});

test("a motion gate sees what moves as slowly as may be, as it looks at the last frame that was kept", () => {
  const drift = Array.from({ length: 12 }, (_, index) => greyOf(columns, { level: 100 + index * 2 }));
  assert.equal(keptOf(drift, gateOf({ holdMs: 0, contrast: 12, idleMs: 60_000 })), [0, 6]);
});

test("half the share of changed cells that opens a motion gate keeps it open", () => {
  const gate = gateOf({ share: 10 / (columns * rows), holdMs: 100, idleMs: 60_000 });
  const few = (index: number) => greyOf(index % 2 === 0 ? 0 : 5);
  const flicker = Array.from({ length: 6 }, (_, index) => few(index));
  assert.equal(keptOf(flicker, gate), [0], "five of ten cells open nothing");
  assert.equal(keptOf([STILL, greyOf(10, { row: 3 }), ...flicker], gate), [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a motion gate looks at its regions alone, down to a part of one cell", () => {
  const below = gateOf({ holdMs: 0, idleMs: 60_000, regions: [{ x: 0, y: 0.5, width: 1, height: 0.5 }] });
  assert.equal(keptOf([STILL, greyOf(columns), greyOf(columns, { row: rows - 1 })], below), [0, 2]);
  const corner = gateOf({ holdMs: 0, share: 1, regions: [{ x: 0.999, y: 0, width: 0.001, height: 0.001 }] });
  assert.equal(keptOf([STILL, greyOf(columns - 1), greyOf(columns)], corner), [0, 2]);
});

test("frames are gated between two tasks only, and without a grey picture none is", () => {
  assert.equal(keptOf(still(9), gateOf({ holdMs: 0, idleMs: 500 }), { framesPerTask: 3 }), [0, 1, 2, 7, 8]);
  const motion = new Motion();
  const keeps = [0, 1, 2].map((ptsUs) => motion.keeps({ ptsUs }, gateOf(true), { capture: 0, begun: false }));
  assert.equal(keeps, [true, true, true]);
});

test("a generator counts gated frames, and the next task says how many lie before it", () => {
  const gate = { motionGate: gateOf({ holdMs: 0, idleMs: 60_000 }), framesPerTask: 2 };
  const { capture, configure, submitted, times, ledger } = setup({ configuration: gate });
  for (const ms of [0, 100, 200, 300]) capture.last.frame(ms, { grey: STILL });
  assert.equal([times(), ledger().framesGated, ledger().framesSkipped], [[[0, 100]], 2, 0]);
  capture.last.frame(400, { grey: greyOf(columns) });
  capture.last.frame(500, { grey: greyOf(columns) });
  assert.equal(times(), [
    [0, 100],
    [400, 500],
  ]);
  const { after, first, last, passedOver, gated } = submitted()[1]?.frames ?? {};
  assert.equal(
    { after, first, last, passedOver, gated },
    { after: 1, first: 4, last: 5, passedOver: 0, gated: 2 },
  );
  capture.last.frame(600, { grey: greyOf(columns) });
  assert.is(ledger().framesGated, 3);
  // What is captured again is not counted twice.
  configure({ ...gate, width: 320 });
  assert.equal([ledger().framesGated, capture.last.options.after?.frame], [2, 5]);
  capture.last.frame(600, { grey: greyOf(columns) });
  assert.is(ledger().framesGated, 2, "the first frame of a capture is kept");
  configure({ width: 320, motionGate: null });
  capture.last.frame(700);
  assert.equal(times()[2], [600, 700], "a gate that is taken away holds from the next task on");
});

test("a live source is not taken for lost or frozen where nothing moves, and its tasks count what was gated", () => {
  const { capture, clock, configure, listener, submitted, ledger } = setup({
    source: "rtsp://camera/1",
    waiting: true,
  });
  configure({ motionGate: gateOf({ idleMs: 10_000 }) });
  capture.last.info({ durationUs: null });
  for (let frame = 0; frame <= 200; frame++) {
    capture.last.frame(frame * 100, { mark: frame, grey: STILL });
    clock.advance(100);
  }
  assert.equal([submitted().map(({ framesGated }) => framesGated)], [[undefined, 99, 99]]);
  assert.equal([ledger().framesGated, listener.all("sourceStalled").length], [198, 0]);
});

test("parseConfiguration takes a motion gate as on, off or its parts, and names the part that is wrong", () => {
  assert.equal(gateOf(true), { contrast: 12, share: 0.002, holdMs: 2_000, idleMs: 10_000, regions: [] });
  assert.is(
    parseConfiguration({ motionGate: false }, parseConfiguration({ motionGate: true })).motionGate,
    null,
  );
  for (const [knob, problem] of [
    [{ share: 0 }, /motionGate\.share/],
    [{ regions: [{ x: 0.5, y: 0, width: 0.6, height: 1 }] }, /within the picture/],
    [{ region: [] }, /there is no "region"/],
    ["on", /motionGate/],
  ] as const)
    assert.throws(() => parseConfiguration({ motionGate: knob }), problem);
});

test.run();
