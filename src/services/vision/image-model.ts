/** A model of the user's that takes one image: its session, the size of its input and the tensor that is filled for each frame. */

import { basename } from "node:path";
import { SluiceError } from "../../task/errors.js";
import { openSession, type ModelSpec, type OnnxSession } from "../onnx-session.js";
import type { Size } from "./resample.js";

export interface ImageModel {
  /** Of the input, in pixels. */
  readonly size: Size;
  /** float32 NCHW `[1, 3, size.height, size.width]`; fill it, then `run`. */
  readonly tensor: Float32Array;
  /** The float32 outputs named in the specification; they stay valid. @throws SluiceError `service-failed` */
  run(): Promise<ReadonlyMap<string, Float32Array>>;
  close(): Promise<void>;
}

/**
 * Opens the model at `path` and runs it once, so that the first frame waits for nothing.
 *
 * @param elementCounts for each output its number of elements, by the size of the input
 * @throws SluiceError `model-missing` or `model-invalid`
 */
export async function openImageModel(
  path: string,
  inputName: string,
  outputs: ModelSpec["outputs"],
  elementCounts: (size: Size) => Readonly<Record<string, number>>,
): Promise<ImageModel> {
  const session = await openSession(path, {
    inputs: { [inputName]: { type: "float32", shape: [1, 3, null, null] } },
    outputs,
  });
  try {
    return await prepare(session, path, inputName, elementCounts);
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function prepare(
  session: OnnxSession,
  path: string,
  inputName: string,
  elementCounts: (size: Size) => Readonly<Record<string, number>>,
): Promise<ImageModel> {
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
  return { size, tensor, run, close: () => session.close() };
}
