import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SERVICES } from "../../src/services/catalogue.js";
import { service as classification } from "../../src/services/classification.js";
import { service } from "../../src/services/detection.js";
import { service as faces } from "../../src/services/face-detection.js";
import { service as objects } from "../../src/services/object-detection.js";
import { SluiceError } from "../../src/task/errors.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import type { RgbFrame, Service, ServiceInput } from "../../src/services/service.js";
import type { Detection } from "../../src/task/service.js";
import { serviceContract } from "../contract/service.js";
import { decodeClip, demoClip, tasksOf } from "../support/clip.js";
import { dataFolder } from "../support/data.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { constantModel, folder, meansModel, place } from "./models/made-models.js";

/** As wide as high, so that it lies in the middle of an input of 64 x 32, from 16 to 48. */
const SQUARE: RgbFrame = { width: 100, height: 100, ptsUs: 0, data: new Uint8Array(30_000).fill(90) };

async function find(
  model: string,
  parameters: Readonly<Record<string, unknown>> = {},
  inputs: readonly ServiceInput[] = tasksOf([SQUARE], 1),
): Promise<readonly Detection[]> {
  return detections(service, inputs, { model, ...parameters }, folder);
}

async function detections(
  own: Service,
  inputs: readonly ServiceInput[],
  parameters: Readonly<Record<string, unknown>>,
  modelDir: string,
): Promise<readonly Detection[]> {
  const instance = await own.load({ parameters, modelDir });
  const found: Detection[] = [];
  for (const input of inputs) found.push(...(await instance.process(input)).frames.flat());
  await instance.close();
  return found;
}

/** One row a box: centre and size, then the scores of two classes. */
function yolov8(...rows: readonly (readonly number[])[]) {
  const values = [0, 1, 2, 3, 4, 5].flatMap((field) => rows.map((row) => row[field] ?? 0));
  return { out: { shape: [1, 6, rows.length], values } };
}

function rounded(found: readonly Detection[]) {
  return found.map(({ label, score, x, y, width, height }) => [
    label,
    ...[score, x, y, width, height].map((value) => Math.round(value * 1e4) / 1e4),
  ]);
}

const TWO = yolov8(
  [32, 16, 16, 16, 0.9, 0.1],
  [20, 8, 8, 8, 0.2, 0.6],
  [33, 16, 16, 16, 0.7, 0.1],
  [32, 16, 8, 8, 0.2, 0.1],
);
const LABELS = "labels: [bird, cat]\n";

place(
  "centred",
  constantModel(TWO),
  `input: { fit: letterbox-centre }\noutput: { decoding: yolov8 }\n${LABELS}`,
);
place("left", constantModel(TWO), `input: { fit: letterbox }\noutput: { decoding: yolov8 }\n${LABELS}`);
place("stretched", constantModel(TWO), `output: { decoding: yolov8 }\n${LABELS}`);
place(
  "ssd",
  constantModel({
    where: { shape: [1, 2, 4], values: [0.25, 0.125, 0.75, 0.375, 0, 0, 1, 1] },
    what: { shape: [1, 2], values: [2, 1] },
    sure: { shape: [1, 2], values: [0.9, 0.3] },
  }),
  `output: { decoding: ssd, boxes: where, classes: what, scores: sure, firstClass: 1 }\n${LABELS}`,
);

const declaration = SERVICES.get("detection");
if (declaration === undefined) throw new Error("detection is not in the catalogue");
serviceContract({
  declaration,
  inputs: () => tasksOf([SQUARE, SQUARE], 1),
  parameters: { model: "stretched.onnx" },
  modelDir: folder,
});

test("detection puts the boxes of YOLOv8 back into the frame, as it was fitted into the input, and the best of each alone", async () => {
  assert.equal(rounded(await find("stretched.onnx")), [
    ["bird", 0.9, 0.375, 0.25, 0.25, 0.5],
    ["cat", 0.6, 0.25, 0.125, 0.125, 0.25],
  ]);
  assert.equal(rounded(await find("centred.onnx")), [
    ["bird", 0.9, 0.25, 0.25, 0.5, 0.5],
    ["cat", 0.6, 0, 0.125, 0.25, 0.25],
  ]);
  assert.equal(rounded(await find("left.onnx"))[0], ["bird", 0.9, 0.75, 0.25, 0.25, 0.5]);
});

test("detection reads the corners, the classes and the scores of an SSD", async () => {
  assert.equal(rounded(await find("ssd.onnx")), [["cat", 0.9, 0.125, 0.25, 0.25, 0.5]]);
});

test("detection takes only the labels and scores that its stage wants", async () => {
  assert.equal(
    rounded(await find("stretched.onnx", { classes: ["cat"] })).map(([label]) => label),
    ["cat"],
  );
  assert.equal(
    rounded(await find("stretched.onnx", { scoreMin: 0.8 })).map(([label]) => label),
    ["bird"],
  );
});

async function refusal(model: string): Promise<string> {
  const error = await find(model).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, SluiceError, `${model} was not refused`);
  assert.is((error as SluiceError).code, "model-invalid");
  return (error as SluiceError).message;
}

for (const [name, model, description, problem] of [
  [
    "labels",
    constantModel(TWO),
    "output: { decoding: yolov8 }\nlabels: [bird]\n",
    /output "out" must be float32 \[\?, 5, \?\]: got float32 \[1, 6, 4\]/,
  ],
  [
    "decoding",
    constantModel(TWO),
    `output: { decoding: yolox }\n${LABELS}`,
    /output "out" must be float32 \[\?, 42, 7\]: got float32 \[1, 6, 4\]/,
  ],
  [
    "outputs",
    constantModel({ ...TWO, other: { shape: [1], values: [0] } }),
    `output: { decoding: yolov8 }\n${LABELS}`,
    /name one of "out", "other" as "output.name", in "outputs.yaml" beside "outputs.onnx"/,
  ],
  [
    "input",
    constantModel(TWO),
    `input: { name: picture }\noutput: { decoding: yolov8 }\n${LABELS}`,
    /the model must have one input, got "image"/,
  ],
  [
    "layout",
    constantModel(TWO),
    `input: { layout: nhwc }\noutput: { decoding: yolov8 }\n${LABELS}`,
    /input "image" must be float32 \[\?, \?, \?, 3\]: got float32 \[1, 3, 32, 64\]/,
  ],
  [
    "type",
    constantModel(TWO),
    `input: { type: uint8 }\noutput: { decoding: yolov8 }\n${LABELS}`,
    /input "image" must be uint8/,
  ],
  [
    "width",
    constantModel(TWO),
    `input: { width: 640 }\noutput: { decoding: yolov8 }\n${LABELS}`,
    /"input.width" 640: it takes 64/,
  ],
  [
    "score",
    constantModel(yolov8([32, 16, 16, 16, 1.5, 0])),
    `output: { decoding: yolov8 }\n${LABELS}`,
    /scores must be probabilities, 0 to 1: got 1.500/,
  ],
  [
    "number",
    constantModel(yolov8([Number.NaN, 16, 16, 16, 0.9, 0])),
    `output: { decoding: yolov8 }\n${LABELS}`,
    /boxes must be numbers: got NaN/,
  ],
  [
    "class",
    constantModel({
      where: { shape: [1, 1, 4], values: [0, 0, 1, 1] },
      what: { shape: [1, 1], values: [7] },
      sure: { shape: [1, 1], values: [0.9] },
    }),
    `output: { decoding: ssd, boxes: where, classes: what, scores: sure }\n${LABELS}`,
    /class 7 must have one of the 2 labels/,
  ],
] as const) {
  test(`detection refuses a model that is not what its description says, with what it says of itself: ${name}`, async () => {
    place(name, model, description);
    assert.match(await refusal(`${name}.onnx`), problem);
  });
}

test("detection refuses a classifier, and classification a detector", async () => {
  const classifier = "output: { decoding: classifier }\nlabels: [a, b, c]\n";
  place("kinds", meansModel("float32", "nchw", 1), classifier);
  assert.match(await refusal("kinds.onnx"), /it is a classifier: it is for the service "classification"/);
  const error = await classification.load({ parameters: { model: "ssd.onnx" }, modelDir: folder }).then(
    () => null,
    (thrown: unknown) => thrown as SluiceError,
  );
  assert.match(
    error?.message ?? "",
    /"ssd.onnx" as its description says that it is a detector: it is for the service "detection"/,
  );
});

test("detection that names no model is refused with its pipeline", () => {
  assert.throws(
    () => parsePipelineFile("pipeline: p\nstages:\n  a: { service: detection }\n", "p.yaml", SERVICES),
    /stage "a" must name the file of its model, as detection has none of its own: give it the parameter "model"/,
  );
});

const [YOLOX, ULTRAFACE] = ["yolox-nano-416.onnx", "ultraface-rfb-320.onnx"];
const data = dataFolder([YOLOX, ULTRAFACE, "bottle-detection.mp4"]);
const withData = data === null ? test.skip : test;

/** The model of the folder of data with a description. */
function described(model: string, description: string): string {
  const own = temporaryFolder();
  copyFileSync(join(data ?? "", model), join(own, model));
  writeFileSync(join(own, model.replace(".onnx", ".yaml")), description);
  return own;
}

withData("detection finds with a described YOLOX-nano what object-detection finds", async () => {
  const own = described(
    YOLOX,
    "licence: Apache-2.0\ninput: { colours: bgr, fit: letterbox }\noutput: { decoding: yolox }\nlabels: coco\n",
  );
  const frames = decodeClip(join(data ?? "", "bottle-detection.mp4"), {
    select: "eq(n,20)+eq(n,200)+eq(n,400)",
    width: 640,
    height: 360,
    fps: 10,
  });
  const expected = await detections(objects, tasksOf(frames, 1), { model: YOLOX }, own);
  assert.ok(expected.length > 0);
  assert.equal(await detections(service, tasksOf(frames, 1), { model: YOLOX }, own), expected);
});

withData("detection finds with a described UltraFace what face-detection finds", async () => {
  const own = described(
    ULTRAFACE,
    "licence: MIT\ninput: { mean: 127, scale: 0.0078125 }\noutput: { decoding: ultraface, scoreMin: 0.01 }\nlabels: [face]\n",
  );
  const inputs = tasksOf(demoClip().frames.slice(40, 42), 1);
  const expected = await detections(faces, inputs, { scoreMin: 0.01, nmsIouMax: 0.45 }, own);
  assert.ok(expected.length > 0);
  const near = (found: readonly Detection[]) => rounded(found);
  assert.equal(near(await detections(service, inputs, { model: ULTRAFACE }, own)), near(expected));
});

test.run();
