import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SERVICES } from "../../src/services/catalogue.js";
import { service } from "../../src/services/object-detection.js";
import { COCO_LABELS } from "../../src/services/vision/coco-labels.js";
import { serviceContract } from "../contract/service.js";
import { decodeClip, tasksOf } from "../support/clip.js";
import { SluiceError } from "../../src/task/errors.js";
import { dataFolder } from "../support/data.js";
import { openPlainly, plainYolox, type Image } from "../support/plain-vision.js";

const MODEL = "yolox-nano-416.onnx";
const CLIP = "bottle-detection.mp4";
const folder = dataFolder([MODEL, CLIP]);
const withData = (name: string, run: () => Promise<void>) =>
  folder === null ? test.skip(name, run) : test(name, run);

/** Twelve frames, ten apart each. */
const bottles = () =>
  decodeClip(join(folder ?? "", CLIP), {
    select: "between(n,300,419)*not(mod(n,10))",
    width: 640,
    height: 360,
    fps: 2.983,
  });

const declaration = SERVICES.get("object-detection");
if (declaration === undefined) throw new Error("object-detection is not in the catalogue");
if (folder !== null) {
  serviceContract({ declaration, inputs: () => tasksOf(bottles().slice(0, 2), 1), modelDir: folder });
}

async function compare(frames: readonly Image[], parameters = {}): Promise<number> {
  const instance = await service.load({ parameters, modelDir: folder });
  const session = await openPlainly(join(folder ?? "", MODEL));
  let count = 0;
  for (const frame of frames) {
    const [input] = tasksOf([{ ...frame, ptsUs: 0 }], 1);
    if (input === undefined) throw new Error("No task");
    const [found = []] = (await instance.process(input)).frames;
    const expected = await plainYolox(session, frame, 0.3);
    assert.equal(
      found.map(({ label }) => label),
      expected.map(({ kind }) => COCO_LABELS[kind]),
    );
    for (const [index, box] of found.entries()) {
      const want = expected[index];
      if (want === undefined) throw new Error("No box to compare with");
      assert.ok(Math.abs(box.score - want.score) < 1e-3, `score ${box.score} for ${want.score}`);
      for (const [got, wanted] of [
        [box.x * frame.width, want.left],
        [box.y * frame.height, want.top],
        [(box.x + box.width) * frame.width, want.right],
        [(box.y + box.height) * frame.height, want.bottom],
      ] as const) {
        assert.ok(Math.abs(got - wanted) < 0.1, `${got} pixels for ${wanted}`);
      }
      count++;
    }
  }
  await instance.close();
  await session.release();
  return count;
}

withData("object-detection finds the bottles, box for box as an independent computation does", async () => {
  assert.ok((await compare(bottles())) > 12, "at least one bottle a frame");
});

withData("object-detection agrees with an independent computation on upright and small frames", async () => {
  const [frame] = bottles();
  if (frame === undefined) throw new Error("No frame");
  assert.ok((await compare([turned(frame), halved(frame)])) > 0, "something is found");
});

const broken = dataFolder(["inputs/model-nan.onnx", "inputs/model-logits.onnx", "inputs/model-inf.onnx"]);
if (broken !== null) {
  const image = () => {
    const data = new Uint8Array(64 * 64 * 3).fill(200);
    return tasksOf([{ width: 64, height: 64, data, ptsUs: 0 }], 1)[0];
  };
  /** What comes of it, at its loading or on a frame. */
  const outcome = async (model: string) => {
    const parameters = { model, scoreMin: 0.1 };
    const input = image();
    if (input === undefined) throw new Error("No task");
    const instance = await service.load({ parameters, modelDir: join(broken, "inputs") });
    try {
      return (await instance.process(input)).frames;
    } finally {
      await instance.close();
    }
  };

  test("object-detection refuses a model that answers no numbers or no probabilities, by its name", async () => {
    for (const [model, reason] of [
      ["model-nan.onnx", /Cannot use model "model-nan.onnx" as its scores must be numbers: got NaN/],
      [
        "model-logits.onnx",
        /Cannot use model "model-logits.onnx" as its scores must be probabilities, 0 to 1/,
      ],
    ] as const) {
      const error = await outcome(model).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof SluiceError && error.code === "model-invalid", String(error));
      assert.match(error.message, reason);
    }
  });

  test("object-detection cuts a box of infinite size at the frame", async () => {
    const [found = []] = await outcome("model-inf.onnx");
    assert.ok(found.length > 0);
    for (const { x, y, width, height, score } of found) {
      assert.ok(x >= 0 && y >= 0 && width > 0 && height > 0, JSON.stringify({ x, y, width, height }));
      assert.ok(
        x + width <= 1 && y + height <= 1 && score <= 1,
        JSON.stringify({ x, y, width, height, score }),
      );
    }
  });
}

withData("object-detection looks for the wanted classes only", async () => {
  const instance = await service.load({
    parameters: { classes: ["bottle"], scoreMin: 0.5 },
    modelDir: folder,
  });
  const none = await service.load({ parameters: { classes: ["zebra"] }, modelDir: folder });
  const [input] = tasksOf(bottles(), 12);
  if (input === undefined) throw new Error("No task");
  const found = (await instance.process(input)).frames.flat();
  assert.ok(found.length >= 12);
  assert.ok(found.every(({ label, score }) => label === "bottle" && score >= 0.5));
  assert.equal((await none.process(input)).frames.flat(), []);
  await instance.close();
  await none.close();
});

withData("object-detection refuses a model with another input", async () => {
  const text = await refusal({ model: "ultraface-rfb-320.onnx" }, folder);
  assert.match(text, 'Cannot use model "ultraface-rfb-320.onnx"');
  assert.match(text, '"images"');
});

for (const [name, parameters, modelDir, wanted] of [
  ["no folder of models", {}, null, "--model-dir"],
  ["a file that is not there", { model: "none.onnx" }, tmpdir(), "there is no such file"],
  ["a path out of the folder", { model: "../yolox.onnx" }, tmpdir(), "with no path"],
  ["an absolute path", { model: "/etc/passwd" }, tmpdir(), "with no path"],
  ["a class that COCO does not have", { classes: ["unicorn"] }, tmpdir(), "classes.0"],
  ["a score beyond 1", { scoreMin: 30 }, tmpdir(), "scoreMin"],
] as const) {
  test(`object-detection refuses ${name} in one line`, async () => {
    const text = await refusal(parameters, modelDir);
    assert.ok(text.includes(wanted), text);
    assert.not.match(text, "\n");
  });
}

test("object-detection refuses a file that is no ONNX model", async () => {
  const dir = mkdtempSync(join(tmpdir(), "sluice-"));
  writeFileSync(join(dir, "text.onnx"), "hello");
  const text = await refusal({ model: "text.onnx" }, dir);
  rmSync(dir, { recursive: true });
  assert.match(text, 'Cannot load model "text.onnx" as it must be an ONNX file');
  assert.not.match(text, "\n");
});

async function refusal(parameters: Record<string, unknown>, modelDir: string | null): Promise<string> {
  const error: unknown = await service.load({ parameters, modelDir }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("It was loaded");
  return error.message;
}

function turned({ width, height, data }: Image): Image {
  const turnedData = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      turnedData.set(data.subarray(from, from + 3), (x * height + (height - 1 - y)) * 3);
    }
  }
  return { width: height, height: width, data: turnedData };
}

function halved({ width, height, data }: Image): Image {
  const half = { width: width >> 1, height: height >> 1 };
  const halfData = new Uint8Array(half.width * half.height * 3);
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const from = (y * 2 * width + x * 2) * 3;
      halfData.set(data.subarray(from, from + 3), (y * half.width + x) * 3);
    }
  }
  return { ...half, data: halfData };
}

test.run();
