/**
 * What a user says of a model, in a YAML file of its name beside it (`NAME.yaml` of `NAME.onnx`): what goes in, and what the numbers
 * that come out mean. ONNX files themselves say names and shapes only.
 */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseWith, z } from "../../runtime/parse.js";
import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { parseYaml, type YamlLimits } from "../../task/yaml.js";
import { descriptionPath } from "../model-files.js";
import { COCO_LABELS } from "../vision/coco-labels.js";

/** Of a description. */
export const DESCRIPTION_BYTES_MAX = 262_144;
const LIMITS: YamlLimits = {
  bytesMax: DESCRIPTION_BYTES_MAX,
  tokensMax: 100_000,
  depthMax: 8,
  valuesMax: 20_000,
};
const SIDE_MAX = 8_192;
const LABELS_MAX = 10_000;

const side = z.int("wanted a number of pixels").min(1).max(SIDE_MAX);
const name = z.string("wanted the name of a tensor").min(1).max(TEXT_LIMITS.label);
/** One number for all channels, or one each of red, green and blue. */
const channels = z
  .union([z.number(), z.tuple([z.number(), z.number(), z.number()])], "wanted a number, or three")
  .transform((value): readonly [number, number, number] =>
    typeof value === "number" ? [value, value, value] : value,
  );

const inputSchema = z.strictObject({
  /** Default: the only input of the model. */
  name: name.exactOptional(),
  layout: z.enum(["nchw", "nhwc"]).default("nchw"),
  type: z.enum(["float32", "float16", "uint8"]).default("float32"),
  /** In pixels; needed where the model takes any size. */
  width: side.exactOptional(),
  height: side.exactOptional(),
  /** Order of the channels. */
  colours: z.enum(["rgb", "bgr"]).default("rgb"),
  /** How a picture of another shape gets in. */
  fit: z.enum(["letterbox", "letterbox-centre", "stretch"]).default("stretch"),
  /** Level of what a letterbox leaves free, 0 to 255. */
  padding: z.number().min(0).max(255).default(114),
  /** What goes in is `(level - mean) * scale`, of levels 0 to 255. */
  mean: channels.default([0, 0, 0]),
  scale: channels.default([1, 1, 1]),
});

const labels = z.union(
  [
    z.literal("coco").transform((): readonly string[] => COCO_LABELS),
    z.array(z.string().min(1).max(TEXT_LIMITS.label)).min(1).max(LABELS_MAX),
  ],
  'wanted "coco", or a list of labels',
);

const scoreMin = z.number().gt(0).max(1);

const outputSchema = z.discriminatedUnion(
  "decoding",
  [
    z.strictObject({
      decoding: z.literal("yolox"),
      name: name.exactOptional(),
      scoreMin: scoreMin.default(0.3),
    }),
    z.strictObject({
      decoding: z.literal("yolov8"),
      name: name.exactOptional(),
      scoreMin: scoreMin.default(0.25),
    }),
    z.strictObject({
      decoding: z.literal("ssd"),
      boxes: name,
      classes: name,
      scores: name,
      /** Of the first class: 1 where 0 is the background. */
      firstClass: z.int().min(0).max(1).default(0),
      scoreMin: scoreMin.default(0.5),
    }),
    z.strictObject({
      decoding: z.literal("ultraface"),
      boxes: name.default("boxes"),
      scores: name.default("scores"),
      scoreMin: scoreMin.default(0.7),
    }),
    z.strictObject({
      decoding: z.literal("classifier"),
      name: name.exactOptional(),
      /** What the model gives: `softmax` is still to be done of `logits`. */
      values: z.enum(["logits", "probabilities"]).default("logits"),
      scoreMin: scoreMin.default(0.5),
    }),
  ],
  'wanted "decoding: yolox", "yolov8", "ssd", "ultraface" or "classifier"',
);

const descriptionSchema = z.strictObject({
  /** One sentence for people. */
  summary: z.string().max(TEXT_LIMITS.detail).exactOptional(),
  licence: z.string().max(TEXT_LIMITS.label).exactOptional(),
  input: inputSchema.prefault({}),
  output: outputSchema,
  labels,
});

export type ModelDescription = z.output<typeof descriptionSchema>;
export type InputDescription = ModelDescription["input"];
export type OutputDescription = ModelDescription["output"];

/** @param model path of the model. @throws SluiceError `model-missing` where there is no description, `model-invalid` where it is wrong */
export async function readDescription(model: string): Promise<ModelDescription> {
  const path = descriptionPath(model);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === "ENOENT" ? "there is none" : `it cannot be read (${errorText(cause)})`;
    throw new SluiceError(
      `Cannot use model "${basename(model)}" without a description, "${basename(path)}" beside it: ${problem}; ` +
        `"sluice model inspect ${model}" drafts one`,
      { code: "model-missing", cause, details: { path } },
    );
  });
  return parseDescription(text, basename(path));
}

/** @param file for people. @throws SluiceError `model-invalid` that names each wrong field and the line of the first */
export function parseDescription(text: string, file: string): ModelDescription {
  const refusal = (problem: string, line: number | null) =>
    new SluiceError(`Cannot use "${file}"${line === null ? "" : ` as of line ${line}`}: ${problem}`, {
      code: "model-invalid",
    });
  const yaml = parseYaml(text, LIMITS);
  if (!yaml.ok) throw refusal(yaml.problem, yaml.line);
  const parsed = parseWith(descriptionSchema, yaml.value);
  if (!parsed.ok) throw refusal(parsed.problem, yaml.lineOf(parsed.path ?? []));
  return parsed.value;
}
