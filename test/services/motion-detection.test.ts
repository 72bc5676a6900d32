import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { RgbFrame } from "../../src/services/service.js";
import { service } from "../../src/services/motion-detection.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { Detection } from "../../src/task/service.js";
import { serviceContract } from "../contract/service.js";
import { demoClip, tasksOf } from "../support/clip.js";
import { seeded } from "../support/fold.js";
import { agreement } from "../support/truth.js";

/** A grey frame with a little noise and one red square in it. */
function frameWithSquare(options: {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly seed: number;
  readonly level?: number;
}): RgbFrame {
  const { width, height, x, y, side, level = 110 } = options;
  const random = seeded(options.seed);
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = level + Math.floor(random() * 7) - 3;
  for (let row = y; row < y + side; row++) {
    for (let column = x; column < x + side; column++) data.set([210, 30, 40], (row * width + column) * 3);
  }
  return { width, height, ptsUs: options.seed * 100_000, data };
}

function movingSquare(
  size: { readonly width: number; readonly height: number; readonly side: number },
  step: number,
) {
  return Array.from({ length: 4 }, (_, index) =>
    frameWithSquare({
      ...size,
      x: Math.round(size.width / 4) + index * step,
      y: Math.round(size.height / 3),
      seed: index,
    }),
  );
}

async function detect(
  frames: readonly RgbFrame[],
  parameters = {},
): Promise<readonly (readonly Detection[])[]> {
  const instance = await service.load({ parameters, modelDir: null });
  const results = [];
  for (const input of tasksOf(frames, Math.min(4, frames.length)))
    results.push(await instance.process(input));
  await instance.close();
  return results.flatMap((result) => result.frames);
}

const declaration = SERVICES.get("motion-detection");
if (declaration === undefined) throw new Error("motion-detection is not in the catalogue");
serviceContract({
  declaration,
  inputs: () => tasksOf(movingSquare({ width: 320, height: 180, side: 40 }, 6), 4),
});

test("motion-detection finds what moves in the demo clip: 95 % of it, at a mean IoU of 0.8", async () => {
  const { frames, truth } = demoClip();
  const found = await detect(frames);
  const wanted = truth.map((boxes) => boxes.filter(({ moving, visible }) => moving && visible >= 0.5));
  const { recall, meanIou, precision, trueCount } = agreement(found, wanted, truth, 0.3);
  assert.is(found.length, frames.length);
  assert.ok(trueCount > 200, `${trueCount} true boxes`);
  assert.ok(recall >= 0.95, `recall ${recall}`);
  assert.ok(meanIou >= 0.8, `mean IoU ${meanIou}`);
  assert.ok(precision >= 0.95, `precision ${precision}`);
});

for (const [width, height, side] of [
  [128, 96, 30],
  [321, 181, 40],
  [1280, 720, 160],
] as const) {
  test(`motion-detection boxes a square in frames of ${width} x ${height}, in each frame where it is`, async () => {
    const step = Math.round(side / 8);
    const frames = movingSquare({ width, height, side }, step);
    const found = await detect(frames);
    const cell = Math.max(1, Math.round(width / 160));
    for (const [index, boxes] of found.entries()) {
      assert.is(boxes.length, 1);
      const box = boxes[0];
      if (box === undefined) throw new Error("No box");
      const x = Math.round(width / 4) + index * step;
      assert.ok(Math.abs(box.x * width - x) <= cell, `left ${box.x * width} of ${x}`);
      assert.ok(Math.abs((box.x + box.width) * width - x - side) <= cell, "right");
      assert.ok(Math.abs(box.y * height - Math.round(height / 3)) <= cell, "top");
      assert.is(box.label, "motion");
    }
  });
}

test("motion-detection finds nothing where nothing moves", async () => {
  const still = Array.from({ length: 4 }, (_, seed) =>
    frameWithSquare({ width: 320, height: 180, x: 80, y: 60, side: 40, seed }),
  );
  assert.equal(await detect(still), [[], [], [], []]);
});

test("motion-detection takes a change of the whole frame for a cut", async () => {
  const cut = Array.from({ length: 4 }, (_, seed) =>
    frameWithSquare({ width: 320, height: 180, x: 80, y: 60, side: 40, seed, level: seed < 2 ? 60 : 160 }),
  );
  assert.equal(await detect(cut), [[], [], [], []]);
});

test("motion-detection finds nothing in a task of one frame", async () => {
  assert.equal(await detect(movingSquare({ width: 320, height: 180, side: 40 }, 6).slice(0, 1)), [[]]);
});

test("motion-detection keeps up with a source that changes its size", async () => {
  const instance = await service.load({ parameters: {}, modelDir: null });
  for (const width of [320, 160, 240, 128, 352, 320]) {
    const [input] = tasksOf(movingSquare({ width, height: 160, side: 40 }, 6), 4);
    if (input === undefined) throw new Error("No task");
    const { frames } = await instance.process(input);
    assert.equal(
      frames.map((boxes) => boxes.length),
      [1, 1, 1, 1],
    );
  }
  await instance.close();
});

test("motion-detection drops boxes below areaMin and joins those within mergeGap", async () => {
  const frames = movingSquare({ width: 320, height: 180, side: 40 }, 6);
  assert.equal(await detect(frames, { areaMin: 0.2 }), [[], [], [], []]);
  // A second square 40 pixels to the right of the first.
  for (const [index, frame] of frames.entries()) {
    for (let row = 60; row < 100; row++) {
      for (let x = 160; x < 200; x++) frame.data.set([210, 30, 40], (row * 320 + x + index * 6) * 3);
    }
  }
  assert.equal(
    (await detect(frames)).map((boxes) => boxes.length),
    [2, 2, 2, 2],
  );
  assert.equal(
    (await detect(frames, { mergeGap: 0.15 })).map((boxes) => boxes.length),
    [1, 1, 1, 1],
  );
});

test("motion-detection refuses a parameter that it does not have", async () => {
  let text = "";
  await service
    .load({ parameters: { areaMinimum: 0.1 }, modelDir: null })
    .catch((error: unknown) => (text = String(error)));
  assert.match(text, 'Cannot load service "motion-detection" as its parameters are wrong');
  assert.match(text, "areaMinimum");
});

test.run();
