import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openSession } from "../../../src/services/onnx-session.js";
import { buildMotionGraph, motionGrid } from "../../../src/services/vision/motion-graph.js";
import { seeded } from "../../support/fold.js";
import { plainMotion } from "../../support/plain-motion.js";

const OPTIONS = { changeMin: 12, differenceMin: 24 };

/** A rough background, and rectangles of random colours that move over it. */
function randomScene(width: number, height: number, count: number, seed: number): Uint8Array {
  const random = seeded(seed);
  const background = Uint8Array.from(
    { length: width * height * 3 },
    (_, index) => 100 + random() * 16 + (index % width) / 16,
  );
  const things = Array.from({ length: 3 }, () => ({
    x: random() * width,
    y: random() * height,
    width: (0.05 + random() * 0.25) * width,
    height: (0.05 + random() * 0.25) * height,
    stepX: (random() - 0.5) * 0.1 * width,
    stepY: (random() - 0.5) * 0.1 * height,
    rgb: [random() * 255, random() * 255, random() * 255],
  }));
  const frames = new Uint8Array(background.length * count);
  for (let index = 0; index < count; index++) {
    const frame = frames.subarray(index * background.length, (index + 1) * background.length);
    frame.set(background.map((value) => value + random() * 4));
    for (const thing of things) {
      const left = Math.max(0, Math.round(thing.x + index * thing.stepX));
      const top = Math.max(0, Math.round(thing.y + index * thing.stepY));
      for (let y = top; y < Math.min(height, top + thing.height); y++) {
        for (let x = left; x < Math.min(width, left + thing.width); x++)
          frame.set(thing.rgb, (y * width + x) * 3);
      }
    }
  }
  return frames;
}

for (const [width, height, count] of [
  [320, 180, 4],
  [333, 97, 3],
  [64, 48, 2],
  [16, 16, 5],
  [250, 250, 1],
] as const) {
  test(`buildMotionGraph in onnxruntime equals plain loops on ${count} frames of ${width} x ${height}`, async () => {
    const { columns, rows } = motionGrid(width, height);
    const session = await openSession(buildMotionGraph({ width, height, ...OPTIONS }), {
      inputs: { frames: { type: "uint8", shape: [null, height, width, 3] } },
      outputs: {
        mask: { type: "uint8", shape: [null, 1, rows, columns] },
        difference: { type: "float32", shape: [null, 1, rows, columns] },
        changed: { type: "uint8", shape: [1, 1, rows, columns] },
      },
    });
    let movingCells = 0;
    for (let seed = 1; seed <= 2; seed++) {
      const data = randomScene(width, height, count, seed);
      const { mask, difference, changed } = await session.run({
        frames: { type: "uint8", data, shape: [count, height, width, 3] },
      });
      const plain = plainMotion(data, { width, height, count, ...OPTIONS });
      assert.equal(mask?.shape, [count, 1, rows, columns]);
      assert.equal(Array.from(changed?.data ?? [], Number), plain.changed, `changed, seed ${seed}`);
      assert.equal(Array.from(mask?.data ?? [], Number), plain.mask, `mask, seed ${seed}`);
      // Two frames as near to the guess as each other tie, and rounding decides which of them is the background.
      const tied = plain.difference.filter(
        (value, cell) => Math.abs(value - Number(difference?.data[cell])) > 0.01,
      );
      assert.ok(
        tied.length < plain.difference.length / 500,
        `difference, seed ${seed}: ${tied.length} cells`,
      );
      movingCells += plain.mask.reduce((sum, cell) => sum + cell, 0);
    }
    await session.close();
    assert.is(movingCells > 0, count > 1, "the scenes show motion");
  });
}

test("motionGrid has some 160 cells along the longer side and covers the frame", () => {
  assert.equal(motionGrid(640, 360), { cell: 4, columns: 160, rows: 90 });
  assert.equal(motionGrid(1080, 1920), { cell: 12, columns: 90, rows: 160 });
  assert.equal(motionGrid(641, 361), { cell: 4, columns: 161, rows: 91 });
  assert.equal(motionGrid(16, 16), { cell: 1, columns: 16, rows: 16 });
});

test.run();
