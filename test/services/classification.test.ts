import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SERVICES } from "../../src/services/catalogue.js";
import { service } from "../../src/services/classification.js";
import type { RgbFrame, ServiceInput } from "../../src/services/service.js";
import type { Detection, StageResult } from "../../src/task/service.js";
import { serviceContract } from "../contract/service.js";
import { folder, meansModel, place } from "./models/made-models.js";

const OUTPUT = "output: { decoding: classifier }\nlabels: [red, green, blue]\n";
const COLOURS = [
  [200, 10, 20],
  [10, 200, 20],
  [10, 20, 200],
] as const;

/** Three stripes beside each other: red, green and blue. */
function stripes(width = 90, height = 40): RgbFrame {
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(COLOURS[Math.trunc(((pixel % width) * 3) / width)] ?? [], pixel * 3);
  }
  return { width, height, ptsUs: 0, data };
}

function box(x: number, width: number, label = "thing", score = 0.9): Detection {
  return { x, y: 0.1, width, height: 0.8, score, label };
}

const STRIPES = [box(0.05, 0.2), box(0.4, 0.2), box(0.75, 0.2)];

function task(boxes: readonly Detection[] = STRIPES): ServiceInput {
  return {
    sourceId: "cam-1",
    incarnation: 1,
    sequence: 0,
    frames: [stripes()],
    frameCount: 1,
    framePtsUs: [0],
    previous: new Map([["boxes", { type: "boxes", frames: [boxes] }]]),
    continuity: "continued",
  };
}

async function classify(
  input: ServiceInput,
  parameters: Readonly<Record<string, unknown>>,
): Promise<StageResult> {
  const instance = await service.load({ parameters, modelDir: folder });
  const result = await instance.process(input);
  await instance.close();
  return result;
}

const labelsOf = ({ frames }: StageResult) => frames.flat().map(({ label }) => label);

place("plain", meansModel("float32", "nchw", "n"), OUTPUT);
const declaration = SERVICES.get("classification");
if (declaration === undefined) throw new Error("classification is not in the catalogue");
serviceContract({
  declaration,
  inputs: () => [task(), task()],
  parameters: { model: "plain.onnx" },
  modelDir: folder,
});

for (const layout of ["nchw", "nhwc"] as const) {
  for (const type of ["float32", "float16", "uint8"] as const) {
    for (const batch of [1, "n"] as const) {
      test(`classification names what each box shows: ${layout}, ${type}, ${batch} at a time`, async () => {
        const output = type === "float16" ? "float16" : "float32";
        place(
          "own",
          meansModel(type, layout, batch, output),
          `input: { layout: ${layout}, type: ${type} }\n${OUTPUT}`,
        );
        const found = await classify(task(), { model: "own.onnx" });
        assert.equal(labelsOf(found), ["red", "green", "blue"]);
        assert.equal(
          found.frames.flat().map(({ x, width }) => [x, width]),
          STRIPES.map(({ x, width }) => [x, width]),
        );
      });
    }
  }
}

test("classification gives the channels in the order, and at the mean and scale, that the description says", async () => {
  place("bgr", meansModel("float32", "nchw", 1), `input: { colours: bgr }\n${OUTPUT}`);
  assert.equal(labelsOf(await classify(task(), { model: "bgr.onnx" })), ["blue", "green", "red"]);
  // The mean and the scale are those of red, green and blue: red is taken away, green turned about.
  place(
    "scaled",
    meansModel("float32", "nchw", 1),
    `input: { mean: [190, 0, 0], scale: [1, -1, 1] }\n${OUTPUT}`,
  );
  assert.equal(labelsOf(await classify(task(), { model: "scaled.onnx" })), ["blue", "blue", "blue"]);
});

test("classification makes probabilities of logits, and leaves out what is not sure", async () => {
  place("halves", meansModel("float32", "nchw", 1), `input: { scale: 0.005 }\n${OUTPUT}`);
  const [first] = (await classify(task(), { model: "halves.onnx", scoreMin: 0.1 })).frames.flat();
  // The levels 200, 10 and 20 at a scale of 0.005.
  const [red, green, blue] = [1, 0.05, 0.1].map((logit) => Math.exp(logit));
  assert.ok(Math.abs((first?.score ?? 0) - (red ?? 0) / ((red ?? 0) + (green ?? 0) + (blue ?? 0))) < 1e-3);
  assert.equal(labelsOf(await classify(task(), { model: "halves.onnx", scoreMin: 0.9 })), []);
});

test("classification takes more boxes than one run does, in their order, and those of some labels alone", async () => {
  const many = Array.from({ length: 30 }, (_, index) =>
    box([0.05, 0.4, 0.75][index % 3] ?? 0, 0.2, index % 2 === 0 ? "car" : "van", 0.9 - index / 100),
  );
  const all = await classify(task(many), { model: "plain.onnx" });
  const stripe = ["red", "green", "blue"];
  assert.equal(
    labelsOf(all),
    many.map((_, index) => stripe[index % 3]),
  );
  const vans = await classify(task(many), { model: "plain.onnx", of: ["van"] });
  assert.is(vans.frames[0]?.length, 15);
  const best = await classify(task(many), { model: "plain.onnx", countMax: 4 });
  assert.equal(labelsOf(best), ["red", "green", "blue", "red"]);
});

test("classification looks at a box at the edge of the frame, of no pixel, and beyond it", async () => {
  const edges = [box(0, 0.001), box(0.999, 0.001), { ...box(0.9, 0.5), y: 0.9, height: 0.5 }];
  assert.equal(labelsOf(await classify(task(edges), { model: "plain.onnx", margin: 0 })), [
    "red",
    "blue",
    "blue",
  ]);
});

test("classification of no box says nothing", async () => {
  assert.equal((await classify(task([]), { model: "plain.onnx" })).frames, [[]]);
});

test.run();
