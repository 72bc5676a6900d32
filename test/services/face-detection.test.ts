import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SERVICES } from "../../src/services/catalogue.js";
import { service } from "../../src/services/face-detection.js";
import type { RgbFrame } from "../../src/services/service.js";
import { serviceContract } from "../contract/service.js";
import { tasksOf } from "../support/clip.js";
import { dataFolder } from "../support/data.js";
import { openPlainly, plainUltraface } from "../support/plain-vision.js";

const MODEL = "ultraface-rfb-320.onnx";
const folder = dataFolder([MODEL]);
const withData = (name: string, run: () => Promise<void>) =>
  folder === null ? test.skip(name, run) : test(name, run);

/** A drawn face, shaded as the model has learnt faces to be: no photograph of anyone. */
function drawnFace(
  width: number,
  height: number,
  centreX: number,
  centreY: number,
  radius: number,
): RgbFrame {
  const data = new Uint8Array(width * height * 3);
  const inside = (x: number, y: number, dx: number, dy: number, rx: number, ry: number) =>
    ((x - centreX) / radius - dx) ** 2 / rx ** 2 + ((y - centreY) / radius - dy) ** 2 / ry ** 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour = [120, 130, 140];
      const head = inside(x, y, 0, 0, 0.75, 1);
      if (inside(x, y, 0, -0.25, 0.88, 1) < 1) colour = [50, 38, 30];
      if (head < 1) colour = [222 - 60 * head, 178 - 60 * head, 150 - 60 * head];
      for (const side of [-1, 1]) {
        if (inside(x, y, side * 0.32, -0.3, 0.2, 0.05) < 1) colour = [70, 50, 40];
        if (inside(x, y, side * 0.3, -0.14, 0.15, 0.08) < 1) colour = [240, 238, 235];
        if (inside(x, y, side * 0.3, -0.14, 0.07, 0.08) < 1) colour = [45, 30, 25];
        if (inside(x, y, side * 0.08, 0.24, 0.05, 0.04) < 1) colour = [110, 70, 60];
      }
      if (inside(x, y, 0, 0.12, 0.07, 0.16) < 1) colour = [205, 150, 125];
      if (inside(x, y, 0, 0.5, 0.28, 0.09) < 1) colour = [170, 75, 75];
      data.set(colour, (y * width + x) * 3);
    }
  }
  return { width, height, ptsUs: 0, data };
}

const faces = () => [drawnFace(640, 360, 220, 170, 90), drawnFace(480, 480, 250, 260, 130)];

const declaration = SERVICES.get("face-detection");
if (declaration === undefined) throw new Error("face-detection is not in the catalogue");
if (folder !== null) {
  serviceContract({ declaration, inputs: () => tasksOf(faces(), 1), modelDir: folder });
}

withData("face-detection finds a face, box for box as an independent computation does", async () => {
  const session = await openPlainly(join(folder ?? "", MODEL));
  const instance = await service.load({ parameters: {}, modelDir: folder });
  for (const input of tasksOf(faces(), 1)) {
    const [frame] = input.frames;
    if (frame === undefined) throw new Error("No frame");
    const [found = []] = (await instance.process(input)).frames;
    const expected = await plainUltraface(session, frame, 0.7);
    assert.ok(expected.length > 0, "the independent computation finds a face");
    assert.is(found.length, expected.length);
    for (const [index, box] of found.entries()) {
      const want = expected[index];
      if (want === undefined) throw new Error("No box to compare with");
      assert.is(box.label, "face");
      assert.ok(Math.abs(box.score - want.score) < 1e-3);
      assert.ok(Math.abs(box.x * frame.width - want.left) < 0.1);
      assert.ok(Math.abs(box.y * frame.height - want.top) < 0.1);
      assert.ok(Math.abs((box.x + box.width) * frame.width - want.right) < 0.1);
      assert.ok(Math.abs((box.y + box.height) * frame.height - want.bottom) < 0.1);
    }
  }
  await instance.close();
  await session.release();
});

test("face-detection refuses a folder without its model", async () => {
  let text = "";
  await service
    .load({ parameters: {}, modelDir: join("no", "such", "folder") })
    .catch((error: unknown) => (text = String(error)));
  assert.match(text, 'Cannot load model "ultraface-rfb-320.onnx" as there is no such file');
});

test.run();
