/** A description to begin with, by what a model says of itself: names and shapes tell most of it, and what they cannot is said. */

import type { ModelSignature, TensorSignature } from "../onnx-session.js";
import { COCO_LABELS } from "../vision/coco-labels.js";
import { yoloxRowCount } from "../vision/yolox.js";

/** YAML with comments where a person has to look. */
export function draftDescription({ inputs, outputs }: ModelSignature): string {
  const [input] = inputs;
  const nhwc = input?.shape[3] === 3 && input.shape[1] !== 3;
  const [height, width] = (nhwc ? input.shape.slice(1) : input?.shape.slice(2)) ?? [];
  const type = ["float32", "float16", "uint8"].includes(input?.type ?? "") ? input?.type : "float32";
  const output = outputOf(outputs, { width, height });
  return [
    "# A draft: whoever trained the model knows what is marked with a question mark.",
    "input:",
    `  name: ${input?.name ?? "?"}`,
    `  layout: ${nhwc ? "nhwc" : "nchw"}`,
    `  type: ${type}`,
    ...(typeof width === "number" ? [] : ["  width: 640 # ? it takes any"]),
    ...(typeof height === "number" ? [] : ["  height: 640 # ? it takes any"]),
    `  colours: ${output.decoding === "yolox" ? "bgr" : "rgb"} # ? rgb or bgr`,
    `  fit: ${output.fit} # ? letterbox, letterbox-centre or stretch`,
    `  mean: 0 # ? of levels 0 to 255: what goes in is (level - mean) * scale`,
    `  scale: ${output.scale} # ?`,
    "output:",
    `  decoding: ${output.decoding}`,
    ...output.lines.map((line) => `  ${line}`),
    output.labels === COCO_LABELS.length
      ? "labels: coco # ?"
      : `labels: [${Array.from({ length: Math.min(output.labels, 100) }, (_, index) => `class-${index}`).join(", ")}] # ?`,
    "",
  ].join("\n");
}

interface Guess {
  readonly decoding: string;
  readonly labels: number;
  readonly fit: string;
  readonly scale: string;
  readonly lines: readonly string[];
}

type Sides = Readonly<Record<"width" | "height", number | string | undefined>>;

const TO_UNIT = "0.00392156862745098";

function outputOf(outputs: readonly TensorSignature[], sides: Sides): Guess {
  const [only] = outputs;
  if (outputs.length === 1 && only !== undefined) return ofOne(only, sides);
  const named = (part: string) => outputs.find(({ name }) => name.toLowerCase().includes(part));
  const [boxes, scores, classes] = [named("box"), named("score"), named("class") ?? named("label")];
  const depth = scores?.shape[2];
  if (boxes !== undefined && scores !== undefined && typeof depth === "number" && depth > 1) {
    const lines = [`boxes: ${boxes.name}`, `scores: ${scores.name}`];
    return { decoding: "ultraface", labels: depth - 1, fit: "stretch", scale: TO_UNIT, lines };
  }
  const lines = [
    `boxes: ${boxes?.name ?? "?"}`,
    `classes: ${classes?.name ?? "?"}`,
    `scores: ${scores?.name ?? "?"}`,
    "firstClass: 1 # ? 1 where class 0 is the background",
  ];
  return { decoding: "ssd", labels: COCO_LABELS.length, fit: "stretch", scale: "1", lines };
}

function ofOne({ shape }: TensorSignature, { width, height }: Sides): Guess {
  const [, second, third] = shape;
  if (shape.length === 2) {
    const labels = typeof second === "number" ? second : 1;
    const lines = ["values: logits # ? logits, or probabilities after a softmax"];
    return { decoding: "classifier", labels, fit: "stretch", scale: TO_UNIT, lines };
  }
  const isYolox =
    typeof width === "number" &&
    typeof height === "number" &&
    typeof third === "number" &&
    second === yoloxRowCount({ width, height });
  if (isYolox) return { decoding: "yolox", labels: third - 5, fit: "letterbox", scale: "1", lines: [] };
  const labels = typeof second === "number" && second > 4 ? second - 4 : 1;
  return { decoding: "yolov8", labels, fit: "letterbox-centre", scale: TO_UNIT, lines: [] };
}
