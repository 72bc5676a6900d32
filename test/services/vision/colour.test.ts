import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { colourName, COLOURS, dominantColour } from "../../../src/services/vision/colour.js";
import { seeded } from "../../support/fold.js";

const EXAMPLES: readonly (readonly [string, readonly [number, number, number]])[] = [
  ["red", [205, 30, 35]],
  ["red", [140, 20, 40]],
  ["orange", [240, 140, 30]],
  ["yellow", [235, 210, 30]],
  ["green", [25, 160, 55]],
  ["green", [30, 90, 40]],
  ["blue", [30, 60, 205]],
  ["blue", [90, 180, 230]],
  ["purple", [150, 60, 190]],
  ["white", [245, 245, 240]],
  ["grey", [130, 132, 128]],
  ["grey", [92, 84, 76]],
  ["black", [20, 22, 25]],
];

function patch(rgb: readonly number[], noise: number, seed = 1) {
  const random = seeded(seed);
  const data = Uint8ClampedArray.from(
    { length: 120 * 80 * 3 },
    (_, index) => (rgb[index % 3] ?? 0) + (random() - 0.5) * 2 * noise,
  );
  return { width: 120, height: 80, ptsUs: 0, data: new Uint8Array(data.buffer) };
}

const whole = { x: 0, y: 0, width: 1, height: 1 };

for (const [name, rgb] of EXAMPLES) {
  test(`dominantColour calls ${rgb.join(", ")} ${name}, with noise too`, () => {
    assert.equal(dominantColour(patch(rgb, 0), whole, 1), { colour: name, share: 1 });
    const noisy = dominantColour(patch(rgb, 12), whole, 1);
    assert.is(noisy?.colour, name);
    assert.ok((noisy?.share ?? 0) > 0.8);
  });
}

test("dominantColour looks at the middle of the box only", () => {
  const frame = patch([130, 130, 130], 0);
  for (let y = 20; y < 60; y++)
    for (let x = 30; x < 90; x++) frame.data.set([205, 30, 35], (y * 120 + x) * 3);
  assert.equal(dominantColour(frame, whole, 0.5), { colour: "red", share: 1 });
  const outer = dominantColour(frame, whole, 1);
  assert.is(outer?.colour, "grey");
  assert.ok(Math.abs((outer?.share ?? 0) - 0.75) < 0.05);
});

test("dominantColour takes a box over the border, and none without a pixel", () => {
  const frame = patch([30, 60, 205], 0);
  assert.is(dominantColour(frame, { x: 0.9, y: 0.9, width: 0.5, height: 0.5 }, 1)?.colour, "blue");
  assert.is(dominantColour(frame, { x: 0.5, y: 0.5, width: 0.0001, height: 0.0001 }, 1)?.colour, "blue");
  assert.is(dominantColour(frame, { x: 0.5, y: 0.5, width: 0, height: 0 }, 1), null);
});

test("colourName has a name for every colour", () => {
  for (let value = 0; value < 1 << 24; value += 997) {
    assert.ok(COLOURS.includes(colourName(value >> 16, (value >> 8) & 255, value & 255)));
  }
});

test.run();
