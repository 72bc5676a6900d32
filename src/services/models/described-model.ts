/** A model of which a description says what goes in and what comes out. It is run once as it is opened, and refused where it is another. */

import { basename } from "node:path";
import { descriptionPath } from "../model-files.js";
import { halvesAt } from "./halves.js";
import { SluiceError } from "../../task/errors.js";
import {
  openSession,
  type ModelSignature,
  type ModelSpec,
  type OnnxSession,
  type TensorData,
} from "../onnx-session.js";
import type { RgbFrame } from "../service.js";
import { OutputError } from "../vision/model-output.js";
import type { Size } from "../vision/resample.js";
import { decodingOf, type BestLabel, type BoxDecoding, type Decoding, type Outputs } from "./decoding.js";
import { readDescription, type ModelDescription } from "./description.js";
import { PictureInput, type Placement } from "./picture-input.js";

/** Pictures of one run, where the model takes any number. */
const BATCH_MAX = 8;

export type Picture = Pick<RgbFrame, "width" | "height" | "data">;

/** What a model says of one picture. */
interface Answer<Found> {
  readonly placement: Placement;
  readonly found: Found;
}

export interface DescribedModel<Found> {
  readonly description: ModelDescription;
  /** @throws SluiceError `service-failed` or `model-invalid` */
  run(pictures: readonly Picture[]): Promise<readonly Answer<Found>[]>;
  close(): Promise<void>;
}

/** One that gives boxes, in pixels of the input. @throws SluiceError `model-missing` or `model-invalid`, with what the model says of itself */
export async function openDetector(path: string): Promise<DescribedModel<ReturnType<BoxDecoding["decode"]>>> {
  const { decoding, ...model } = await openDescribed(path);
  if (decoding.of === "detector") return answering(model, decoding.decode);
  return refuse(model, 'a classifier: it is for the service "classification"');
}

/** One that gives the best label of each picture. @throws SluiceError `model-missing` or `model-invalid`, with what the model says of itself */
export async function openClassifier(path: string): Promise<DescribedModel<BestLabel>> {
  const { decoding, ...model } = await openDescribed(path);
  if (decoding.of === "classifier") return answering(model, decoding.decode);
  return refuse(model, 'a detector: it is for the service "detection"');
}

/** Opens a model of either kind as its stage would, and closes it. @throws SluiceError `model-missing` or `model-invalid` */
export async function checkDescribedModel(path: string): Promise<ModelDescription> {
  const model = await openDescribed(path);
  await model.close();
  return model.description;
}

/** Before what it says is understood. */
interface RawModel extends Pick<DescribedModel<unknown>, "description" | "close"> {
  readonly file: string;
  /** @param each what to make of what is said of each picture */
  run<Found>(
    pictures: readonly Picture[],
    each: (outputs: Outputs) => Found,
  ): Promise<readonly Answer<Found>[]>;
}

function answering<Found>(model: RawModel, decode: (outputs: Outputs) => Found): DescribedModel<Found> {
  const { description } = model;
  return { description, run: (pictures) => model.run(pictures, decode), close: () => model.close() };
}

async function refuse(model: RawModel, problem: string): Promise<never> {
  await model.close();
  const text = `Cannot use model "${model.file}" as its description says that it is ${problem}`;
  throw new SluiceError(text, { code: "model-invalid" });
}

async function openDescribed(path: string): Promise<RawModel & { readonly decoding: Decoding }> {
  const description = await readDescription(path);
  const file = basename(descriptionPath(path));
  let shape: Shape | null = null;
  const session = await openSession(path, (signature) => {
    try {
      shape = shapeOf(description, signature);
      return shape.spec;
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      throw new SluiceError(`${error.message}, in "${file}" beside "${basename(path)}"`, {
        code: "model-invalid",
      });
    }
  });
  try {
    return await prepare(session, description, shape ?? never(), basename(path));
  } catch (error) {
    await session.close();
    throw error;
  }
}

function never(): never {
  throw new Error("A session opens by its signature");
}

interface Shape {
  readonly input: string;
  readonly size: Size;
  readonly batchMax: number;
  readonly decoding: Decoding;
  readonly spec: ModelSpec;
}

/** What the description makes of what the model says of itself. @throws SluiceError `model-invalid` */
function shapeOf({ input, output, labels }: ModelDescription, signature: ModelSignature): Shape {
  const invalid = (problem: string) => new SluiceError(problem, { code: "model-invalid" });
  const names = signature.inputs.map(({ name }) => name);
  const name = input.name ?? names[0] ?? "";
  const found = signature.inputs.find((one) => one.name === name);
  if (found === undefined || names.length !== 1) {
    throw invalid(
      `Cannot tell which input is the picture: the model must have one input, got ${names.map((one) => `"${one}"`).join(", ") || "none"}; see "input.name"`,
    );
  }
  const [batch, ...rest] = found.shape;
  const [height, width] = input.layout === "nchw" ? rest.slice(1) : rest;
  const side = (what: "width" | "height", own: number | string | undefined): number => {
    const wanted = input[what];
    if (typeof own !== "number") {
      if (wanted !== undefined) return wanted;
      throw invalid(`Cannot run the model without "input.${what}": it takes any`);
    }
    if (wanted === undefined || wanted === own) return own;
    throw invalid(`Cannot run the model at "input.${what}" ${wanted}: it takes ${own}`);
  };
  const size = { width: side("width", width), height: side("height", height) };
  if (typeof batch === "number" && batch !== 1) {
    throw invalid(`Cannot run the model on ${batch} pictures at a time: export it for 1, or for any number`);
  }
  const decoding = decodingOf(output, labels.length, size, signature);
  const inputShape = input.layout === "nchw" ? [null, 3, null, null] : [null, null, null, 3];
  return {
    input: name,
    size,
    batchMax: typeof batch === "number" ? 1 : BATCH_MAX,
    decoding,
    spec: { inputs: { [name]: { type: input.type, shape: inputShape } }, outputs: decoding.outputs },
  };
}

async function prepare(
  session: OnnxSession,
  description: ModelDescription,
  { input: name, size, batchMax, decoding }: Shape,
  file: string,
): Promise<RawModel & { readonly decoding: Decoding }> {
  const { layout, type } = description.input;
  const input = new PictureInput(description.input, size, batchMax);
  const elements = input.data.length / batchMax;

  const tensor = (count: number): TensorData => {
    const { width, height } = size;
    const shape = layout === "nchw" ? [count, 3, height, width] : [count, height, width, 3];
    return { type, data: input.data.subarray(0, count * elements), shape } as TensorData;
  };

  const answers = async <Found>(
    pictures: readonly Picture[],
    decode: (outputs: Outputs) => Found,
  ): Promise<readonly Answer<Found>[]> => {
    const all: Answer<Found>[] = [];
    for (let from = 0; from < pictures.length; from += batchMax) {
      const part = pictures.slice(from, from + batchMax);
      const placements = part.map((picture, index) => input.write(picture, index));
      const results = await session.run({ [name]: tensor(part.length) });
      for (const [index, placement] of placements.entries()) {
        all.push({ placement, found: decoded(outputsOf(results, decoding, index, part.length), decode) });
      }
    }
    return all;
  };

  const decoded = <Found>(outputs: Outputs, decode: (outputs: Outputs) => Found): Found => {
    try {
      return decode(outputs);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      throw new SluiceError(`Cannot use model "${file}" as ${error.message}`, { code: "model-invalid" });
    }
  };

  // So that the first frame waits for nothing, and a model that says something else is refused before it.
  const black = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3) };
  await answers<unknown>([black], decoding.decode);
  return { description, file, decoding, run: answers, close: () => session.close() };
}

/** Of the picture at `index`, of `count`. */
function outputsOf(
  results: Readonly<Record<string, TensorData>>,
  decoding: Decoding,
  index: number,
  count: number,
): Outputs {
  return new Map(
    Object.keys(decoding.outputs).map((name) => {
      const values = floatsOf(results[name]);
      const length = values.length / count;
      return [name, values.subarray(index * length, (index + 1) * length)];
    }),
  );
}

function floatsOf(tensor: TensorData | undefined): Float32Array {
  if (tensor?.type === "float32") return tensor.data;
  if (tensor?.type !== "float16") return new Float32Array(0);
  return Float32Array.from(halvesAt(tensor.data));
}
