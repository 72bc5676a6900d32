/** A model of the user's that takes one image: its session, the size of its input and the tensor that is filled for each frame. */

import { basename } from "node:path";
import { SluiceError } from "../../task/errors.js";
import { openSession, type ModelSpec, type OnnxSession } from "../onnx-session.js";
import { OutputError } from "./model-output.js";
import type { Size } from "./resample.js";

export interface ImageModel<Found> {
  /** Of the input, in pixels. */
  readonly size: Size;
  /** float32 NCHW `[1, 3, size.height, size.width]`; fill it, then `run`. */
  readonly tensor: Float32Array;
  /**
   * What `decode` makes of the float32 outputs named in the specification.
   *
   * @throws SluiceError `service-failed`, or `model-invalid` where it throws an `OutputError`
   */
  run(): Promise<readonly Found[]>;
  close(): Promise<void>;
}

export interface ImageModelOptions<Found> {
  readonly path: string;
  readonly inputName: string;
  readonly outputs: ModelSpec["outputs"];
  /** For each output its number of elements, by the size of the input. */
  readonly elementCounts: (size: Size) => Readonly<Record<string, number>>;
  /** @throws OutputError where a value is none that such a model gives */
  readonly decode: (outputs: ReadonlyMap<string, Float32Array>, size: Size) => readonly Found[];
}

/**
 * Opens a model and runs it once on a black image, so that the first frame waits for nothing, and a model whose outputs are of
 * another shape or kind is refused before it.
 *
 * @throws SluiceError `model-missing` or `model-invalid`
 */
export async function openImageModel<Found>(options: ImageModelOptions<Found>): Promise<ImageModel<Found>> {
  const { path, inputName, outputs } = options;
  const session = await openSession(path, {
    inputs: { [inputName]: { type: "float32", shape: [1, 3, null, null] } },
    outputs,
  });
  try {
    return await prepare(session, options);
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function prepare<Found>(
  session: OnnxSession,
  { path, inputName, elementCounts, decode }: ImageModelOptions<Found>,
): Promise<ImageModel<Found>> {
  const invalid = (problem: string) =>
    new SluiceError(`Cannot use model "${basename(path)}" as ${problem}`, { code: "model-invalid" });
  const [, , height, width] = session.inputShapes[inputName] ?? [];
  if (typeof width !== "number" || typeof height !== "number") {
    throw invalid(`input "${inputName}" must have a fixed width and height: export it with them`);
  }
  const size = { width, height };
  const tensor = new Float32Array(3 * width * height);
  const run = async (): Promise<ReadonlyMap<string, Float32Array>> => {
    const results = await session.run({
      [inputName]: { type: "float32", data: tensor, shape: [1, 3, height, width] },
    });
    return new Map(
      Object.entries(results).flatMap(([name, { type, data }]) => (type === "float32" ? [[name, data]] : [])),
    );
  };
  const first = await run();
  for (const [name, wanted] of Object.entries(elementCounts(size))) {
    const got = first.get(name)?.length;
    if (got === wanted) continue;
    throw invalid(
      `output "${name}" must have ${wanted} elements for an input of ${width}x${height}: got ${got ?? 0}`,
    );
  }
  const decoded = (values: ReadonlyMap<string, Float32Array>): readonly Found[] => {
    try {
      return decode(values, size);
    } catch (error) {
      throw error instanceof OutputError ? invalid(error.message) : error;
    }
  };
  decoded(first);
  return { size, tensor, run: async () => decoded(await run()), close: () => session.close() };
}
