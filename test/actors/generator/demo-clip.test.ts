import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { FRAME_COUNT, truthOf, type TruthBox } from "../../../apps/demo/scene.js";
import { captureAll } from "./clips.js";

const demo = join("apps", "demo", "demo.mp4");

interface Truth {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: readonly (readonly TruthBox[])[];
}

const truth = JSON.parse(readFileSync(join("apps", "demo", "demo.truth.json"), "utf8")) as Truth;

test("the kept ground truth is what the scene says", () => {
  assert.is(truth.frames.length, FRAME_COUNT);
  truth.frames.forEach((boxes, index) => assert.equal(boxes, truthOf(index), `frame ${index}`));
});

test("every vehicle of the demo clip is of its colour where the ground truth has it", async () => {
  const { width, height, fps } = truth;
  const { frames, error } = await captureAll(demo, { configuration: { width, height, fps } });
  assert.is(error, null);
  assert.is(frames.length, truth.frames.length);
  let seen = 0;
  for (const [index, { data }] of frames.entries()) {
    for (const box of truth.frames[index] ?? []) {
      // Its middle is body and not window, unless the pillar or the edge of the picture cuts it.
      if (box.visible < 1 || box.width * width < 80) continue;
      const x = Math.round((box.x + box.width / 2) * width);
      const y = Math.round((box.y + box.height / 2) * height);
      const at = (y * width + x) * 3;
      const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
      assert.is(
        colourOf(red, green, blue),
        box.colour,
        `${box.id} in frame ${index}: ${red} ${green} ${blue}`,
      );
      seen += 1;
    }
  }
  assert.ok(seen > 400, `${seen} boxes`);
});

test("the demo clip has what it is for: four colours, one stop, one occlusion", () => {
  const boxes = truth.frames.flat();
  assert.equal([...new Set(boxes.map((box) => box.colour))].sort(), ["blue", "green", "red", "yellow"]);
  assert.equal([...new Set(boxes.filter((box) => !box.moving).map((box) => box.id))], ["blue-1"]);
  assert.ok(boxes.some((box) => box.id === "yellow-1" && box.visible < 0.7));
  assert.equal(truth.frames.at(-1), []);
});

function colourOf(red: number, green: number, blue: number): string {
  if (red > 150 && green > 150 && blue < 120) return "yellow";
  if (red > green + 60 && red > blue + 60) return "red";
  if (green > red + 60 && green > blue + 40) return "green";
  return blue > red + 60 && blue > green + 60 ? "blue" : "none";
}

test.run();
