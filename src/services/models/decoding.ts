/** What the outputs of a described model mean: the tensors that it must have, and the boxes or labels in them. */

import { assertNever } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { ModelSignature, TensorSpec } from "../onnx-session.js";
import type { Box } from "../vision/box.js";
import { number, OutputError, probability } from "../vision/model-output.js";
import type { Size } from "../vision/resample.js";
import { decodeYolox, yoloxRowCount } from "../vision/yolox.js";
import type { OutputDescription } from "./description.js";

/** One thing that a detector found. */
interface DecodedBox {
  /** In pixels of the model's input. */
  readonly box: Box;
  readonly classIndex: number;
  /** 0 to 1. */
  readonly score: number;
}

/** What a model says of one picture, by the name of the output. */
export type Outputs = ReadonlyMap<string, Float32Array>;

interface Read {
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

/** What a detector says of a picture. */
export interface BoxDecoding extends Read {
  readonly of: "detector";
  /** @throws OutputError where a value is none that such a model gives */
  readonly decode: (outputs: Outputs) => readonly DecodedBox[];
}

/** The best label of a picture, also where it is not good enough. */
export interface BestLabel {
  readonly classIndex: number;
  /** 0 to 1. */
  readonly score: number;
}

/** What a classifier says of a picture. */
interface LabelDecoding extends Read {
  readonly of: "classifier";
  /** @throws OutputError where a value is none that such a model gives */
  readonly decode: (outputs: Outputs) => BestLabel;
}

export type Decoding = BoxDecoding | LabelDecoding;

const NOTHING = new Float32Array(0);

/**
 * @param labels how many the description has
 * @throws SluiceError `model-invalid` where the output is not named and the model has several
 */
export function decodingOf(
  description: OutputDescription,
  labels: number,
  size: Size,
  signature: ModelSignature,
): Decoding {
  const typed = (name: string, shape: TensorSpec["shape"]): TensorSpec => ({
    type:
      signature.outputs.find((output) => output.name === name)?.type === "float16" ? "float16" : "float32",
    shape,
  });
  const only = (name: string | undefined): string => name ?? onlyOutput(signature);
  const { decoding, scoreMin } = description;
  const classes = Array.from({ length: labels }, (_, index) => index);
  switch (decoding) {
    case "yolox": {
      const name = only(description.name);
      const options = { classCount: labels, classes, scoreMin };
      return detector({ [name]: typed(name, [null, yoloxRowCount(size), 5 + labels]) }, (outputs) =>
        decodeYolox(outputs.get(name) ?? NOTHING, size, options),
      );
    }
    case "yolov8": {
      const name = only(description.name);
      return detector({ [name]: typed(name, [null, 4 + labels, null]) }, (outputs) =>
        decodeYolov8(outputs.get(name) ?? NOTHING, labels, scoreMin),
      );
    }
    case "ssd": {
      const { boxes, classes: kinds, scores, firstClass } = description;
      const specs = {
        [boxes]: typed(boxes, [null, null, 4]),
        [kinds]: typed(kinds, [null, null]),
        [scores]: typed(scores, [null, null]),
      };
      return detector(specs, (outputs) =>
        decodeSsd(
          {
            boxes: outputs.get(boxes) ?? NOTHING,
            classes: outputs.get(kinds) ?? NOTHING,
            scores: outputs.get(scores) ?? NOTHING,
          },
          { size, labels, firstClass, scoreMin },
        ),
      );
    }
    case "ultraface": {
      const { boxes, scores } = description;
      const specs = {
        [boxes]: typed(boxes, [null, null, 4]),
        [scores]: typed(scores, [null, null, labels + 1]),
      };
      return detector(specs, (outputs) =>
        decodeCorners(outputs.get(boxes) ?? NOTHING, outputs.get(scores) ?? NOTHING, {
          size,
          labels,
          scoreMin,
        }),
      );
    }
    case "classifier": {
      const name = only(description.name);
      const { values } = description;
      return {
        outputs: { [name]: typed(name, [null, labels]) },
        of: "classifier",
        decode: (outputs) => bestOf(outputs.get(name) ?? NOTHING, values === "logits"),
      };
    }
    default:
      return assertNever(description);
  }
}

function detector(outputs: Read["outputs"], decode: BoxDecoding["decode"]): BoxDecoding {
  return { of: "detector", outputs, decode };
}

function onlyOutput({ outputs }: ModelSignature): string {
  const [first, ...others] = outputs;
  if (first !== undefined && others.length === 0) return first.name;
  const names = outputs.map(({ name }) => `"${name}"`).join(", ");
  throw new SluiceError(`Cannot tell which output to read: name one of ${names} as "output.name"`, {
    code: "model-invalid",
  });
}

/**
 * YOLOv8 and its successors as Ultralytics exports them: `[4 + classes, N]`, centre and size in pixels of the input, then the scores
 * of the classes.
 */
function decodeYolov8(output: Float32Array, classCount: number, scoreMin: number): DecodedBox[] {
  const count = output.length / (4 + classCount);
  const found: DecodedBox[] = [];
  for (let index = 0; index < count; index++) {
    let classIndex = -1;
    let score = 0;
    for (let candidate = 0; candidate < classCount; candidate++) {
      const value = probability(output[(4 + candidate) * count + index]);
      if (value <= score) continue;
      score = value;
      classIndex = candidate;
    }
    if (classIndex < 0 || score < scoreMin) continue;
    const width = number(output[2 * count + index]);
    const height = number(output[3 * count + index]);
    const x = number(output[index]) - width / 2;
    const y = number(output[count + index]) - height / 2;
    found.push({ box: { x, y, width, height }, classIndex, score });
  }
  return found;
}

/** SSD as TensorFlow's detection models are exported: boxes `[N, 4]` as top, left, bottom and right in shares of the input. */
function decodeSsd(
  { boxes, classes, scores }: Readonly<Record<"boxes" | "classes" | "scores", Float32Array>>,
  {
    size,
    labels,
    firstClass,
    scoreMin,
  }: { readonly size: Size; readonly labels: number; readonly firstClass: number; readonly scoreMin: number },
): DecodedBox[] {
  const found: DecodedBox[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = probability(scores[index]);
    if (score < scoreMin) continue;
    const classIndex = number(classes[index]) - firstClass;
    if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= labels) {
      throw new OutputError(
        `class ${classes[index]} must have one of the ${labels} labels of its description`,
      );
    }
    const [top, left, bottom, right] = [0, 1, 2, 3].map((part) => number(boxes[4 * index + part]));
    found.push({ box: corners(left, top, right, bottom, size), classIndex, score });
  }
  return found;
}

/** UltraFace and what is like it: scores `[N, 1 + classes]` with the background first, corners `[N, 4]` in shares of the input. */
function decodeCorners(
  boxes: Float32Array,
  scores: Float32Array,
  { size, labels, scoreMin }: { readonly size: Size; readonly labels: number; readonly scoreMin: number },
): DecodedBox[] {
  const found: DecodedBox[] = [];
  const count = scores.length / (labels + 1);
  for (let index = 0; index < count; index++) {
    for (let classIndex = 0; classIndex < labels; classIndex++) {
      const score = probability(scores[index * (labels + 1) + 1 + classIndex]);
      if (score < scoreMin) continue;
      const [left, top, right, bottom] = [0, 1, 2, 3].map((part) => number(boxes[4 * index + part]));
      found.push({ box: corners(left, top, right, bottom, size), classIndex, score });
    }
  }
  return found;
}

function corners(left = 0, top = 0, right = 0, bottom = 0, { width, height }: Size): Box {
  return { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
}

/** @param logits whether softmax is still to be done */
function bestOf(values: Float32Array, logits: boolean): BestLabel {
  let classIndex = 0;
  for (let index = 0; index < values.length; index++) {
    if (number(values[index]) > number(values[classIndex])) classIndex = index;
  }
  const top = number(values[classIndex]);
  if (!logits) return { classIndex, score: probability(top) };
  if (!Number.isFinite(top)) throw new OutputError(`its values must be numbers: got ${top}`);
  const sum = values.reduce((total, value) => total + Math.exp(value - top), 0);
  return { classIndex, score: 1 / sum };
}
