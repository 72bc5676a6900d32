import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseDescription, readDescription } from "../../../src/services/models/description.js";
import { SluiceError } from "../../../src/task/errors.js";
import { COCO_LABELS } from "../../../src/services/vision/coco-labels.js";
import { folder } from "./made-models.js";

function refusal(text: string): string {
  try {
    parseDescription(text, "m.yaml");
  } catch (error) {
    assert.instance(error, SluiceError);
    assert.is((error as SluiceError).code, "model-invalid");
    return (error as SluiceError).message;
  }
  return "";
}

test("a description of a decoding and labels alone is complete", () => {
  const { input, output, labels } = parseDescription(
    "output: { decoding: yolov8 }\nlabels: coco\n",
    "m.yaml",
  );
  assert.equal(input, {
    layout: "nchw",
    type: "float32",
    colours: "rgb",
    fit: "stretch",
    padding: 114,
    mean: [0, 0, 0],
    scale: [1, 1, 1],
  });
  assert.equal(output, { decoding: "yolov8", scoreMin: 0.25 });
  assert.equal(labels, COCO_LABELS);
});

test("one number for all channels, or three", () => {
  const of = (mean: string) =>
    parseDescription(`input: { mean: ${mean} }\noutput: { decoding: yolox }\nlabels: [a]\n`, "m.yaml").input
      .mean;
  assert.equal(of("127"), [127, 127, 127]);
  assert.equal(of("[1, 2, 3]"), [1, 2, 3]);
});

for (const [text, problem] of [
  ["output: { decoding: yolox }\nlabels: [a]\nlabel: b\n", /"m.yaml" as of line 3: there is no "label"/],
  ["output: { decoding: yolo9 }\nlabels: [a]\n", /line 1: "output.decoding": wanted "decoding: yolox"/],
  ["output: { decoding: yolox }\n\ninput:\n  layout: chw\nlabels: [a]\n", /line 4: "input.layout"/],
  ["output: { decoding: yolox }\nlabels: []\n", /line 2: "labels"/],
  ["output: { decoding: ssd }\nlabels: [a]\n", /"output.boxes": wanted the name of a tensor/],
  ["labels: [a\n", /"m.yaml" as of line \d/],
  [`labels: ${"[".repeat(5_000)}`, /m.yaml/],
] as const) {
  test(`a description is refused by its line: ${text.slice(0, 40).replaceAll("\n", " ")}`, () => {
    assert.match(refusal(text), problem);
  });
}

test("a model without a description says how to get one", async () => {
  const error = await readDescription(`${folder}/absent.onnx`).then(
    () => null,
    (thrown: unknown) => thrown as SluiceError,
  );
  assert.is(error?.code, "model-missing");
  assert.match(
    error?.message ?? "",
    /"absent.yaml" beside it: there is none; "sluice model inspect .*absent.onnx" drafts one/,
  );
});

test.run();
