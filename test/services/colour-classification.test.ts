import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { RgbFrame, ServiceInput } from "../../src/services/service.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { service } from "../../src/services/colour-classification.js";
import type { Detection } from "../../src/task/service.js";
import { serviceContract } from "../contract/service.js";
import { demoClip, tasksOf } from "../support/clip.js";

const left = { x: 0, y: 0, width: 0.5, height: 1 };
const right = { x: 0.5, y: 0, width: 0.5, height: 1 };

/** Red on the left, blue on the right. */
function halves(): RgbFrame {
  const data = new Uint8Array(40 * 20 * 3);
  for (let pixel = 0; pixel < 800; pixel++)
    data.set(pixel % 40 < 20 ? [205, 30, 35] : [30, 60, 205], pixel * 3);
  return { width: 40, height: 20, ptsUs: 0, data };
}

function boxed(boxes: readonly (readonly Detection[])[]): ServiceInput {
  const [input] = tasksOf(boxes.map(halves), boxes.length);
  if (input === undefined) throw new Error("No task");
  return { ...input, previous: new Map([["motion", { type: "boxes", frames: boxes }]]) };
}

const boxes = [
  [
    { ...left, score: 0.9, label: "motion" },
    { ...right, score: 0.8, label: "motion" },
  ],
  [],
];

const declaration = SERVICES.get("colour-classification");
if (declaration === undefined) throw new Error("colour-classification is not in the catalogue");
serviceContract({ declaration, inputs: () => [boxed(boxes)] });

test("colour-classification names the colour of each box, in the order of the boxes", async () => {
  const instance = await service.load({ parameters: {}, modelDir: null });
  assert.equal(await instance.process(boxed(boxes)), {
    type: "labels",
    frames: [
      [
        { ...left, score: 1, label: "red" },
        { ...right, score: 1, label: "blue" },
      ],
      [],
    ],
  });
});

test("colour-classification names every vehicle of the demo clip by its colour", async () => {
  const { frames, truth } = demoClip();
  const instance = await service.load({ parameters: {}, modelDir: null });
  let count = 0;
  for (const [sequence, input] of tasksOf(frames, 1).entries()) {
    // Whole vehicles: what the border or the pillar cuts off shows no middle.
    const whole = (truth[sequence] ?? []).filter(({ visible, width }) => visible === 1 && width > 0.12);
    const previous = new Map([
      ["truth", { type: "boxes", frames: [whole.map((box) => ({ ...box, score: 1, label: "motion" }))] }],
    ]);
    const [labels = []] = (await instance.process({ ...input, previous })).frames;
    assert.equal(
      labels.map(({ label }) => label),
      whole.map(({ colour }) => colour),
    );
    count += labels.length;
  }
  assert.ok(count > 150, `${count} vehicles`);
});

test.run();
