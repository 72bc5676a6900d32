/**
 * The door to onnxruntime-node. Only worker threads come through it: a run holds its thread until it is done. To load the
 * library is a native call too, so it is not imported with this file.
 */

import { basename } from "node:path";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type * as OnnxRuntime from "onnxruntime-node";
import { errorText } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";
import { EXECUTION_PROVIDER } from "./execution-provider.js";
import { requireModelFile } from "./model-file.js";
import { nativeCall } from "./native-call.js";

/** Element types that services use, each with its own typed array. */
interface TensorArrays {
  readonly float32: Float32Array;
  /** The bits of each. */
  readonly float16: Uint16Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
}

export type TensorType = keyof TensorArrays;

/** Row-major. As an input it is read in place during `run` and stays the caller's; it must not be in shared memory. */
export type TensorData = {
  readonly [Type in TensorType]: {
    readonly type: Type;
    readonly data: TensorArrays[Type];
    readonly shape: readonly number[];
  };
}[TensorType];

/** What a model says of one of its inputs or outputs; text is a dimension that it leaves free. */
export interface TensorSignature {
  readonly name: string;
  /** `float32`, `uint8`, ...; `no tensor` of what is none. */
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** What a model says of itself. */
export interface ModelSignature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/** What a service expects of an input or output; null stands for a dimension that it leaves free. */
export interface TensorSpec {
  readonly type: TensorType;
  readonly shape: readonly (number | null)[];
}

export interface ModelSpec {
  /** All inputs that the model has, by name. */
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  /** Outputs that the service reads, by name; the model may have more. */
  readonly outputs: Readonly<Record<string, TensorSpec>>;
}

export interface OnnxSession {
  /** Shapes of the inputs, by name; null where the model takes any size. */
  readonly inputShapes: Readonly<Record<string, readonly (number | null)[]>>;
  /** Blocks this thread for the whole inference. @throws SluiceError `service-failed` */
  run(feeds: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<string, TensorData>>>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Loads the library ahead of the first session, which takes some 100 ms. Idempotent. */
export async function loadOnnxRuntime(): Promise<typeof OnnxRuntime> {
  const runtime = await nativeCall(() => import("onnxruntime-node"));
  if (!isLoaded) keepHalvesAsBits(runtime);
  isLoaded = true;
  return runtime;
}

let isLoaded = false;

/**
 * Where the engine knows `Float16Array` (Node 24) the library makes one of halves, and its native part cannot read it ("not enough
 * space: expected 384, got 0", 1.30). Its first tensor looks once: it is to find none.
 */
function keepHalvesAsBits({ Tensor }: Pick<typeof OnnxRuntime, "Tensor">): void {
  const known = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
  if (known === undefined) return;
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    void new Tensor("float32", new Float32Array(1), [1]);
  } finally {
    Object.defineProperty(globalThis, "Float16Array", known);
  }
}

/**
 * Opens a model from a file or from the bytes of one, on one core, and checks that it is what `expected` says.
 *
 * @param expected also by what the model says of itself
 * @throws SluiceError `model-missing` or `model-invalid`, and what `expected` throws
 */
export async function openSession(
  model: string | Uint8Array,
  expected: ModelSpec | ((signature: ModelSignature) => ModelSpec),
): Promise<OnnxSession> {
  const name = typeof model === "string" ? basename(model) : "built in";
  if (typeof model === "string") await requireModelFile(model);
  const { runtime, session } = await createSession(model, name);
  let spec: ModelSpec;
  try {
    spec = typeof expected === "function" ? expected(signatureOf(session)) : expected;
  } catch (error) {
    await nativeCall(() => session.release());
    throw error;
  }
  const problem =
    mismatch("input", session.inputMetadata, spec.inputs, true) ??
    mismatch("output", session.outputMetadata, spec.outputs, false);
  if (problem !== null) {
    await nativeCall(() => session.release());
    throw new SluiceError(`Cannot use model "${name}" as its ${problem}`, { code: "model-invalid" });
  }
  let open = true;
  return {
    inputShapes: Object.fromEntries(
      session.inputMetadata.map((input) => [
        input.name,
        input.isTensor
          ? input.shape.map((size) => (typeof size === "number" && size >= 0 ? size : null))
          : [],
      ]),
    ),
    run: (feeds) => run(runtime, session, name, feeds),
    async close() {
      if (!open) return;
      open = false;
      await nativeCall(() => session.release());
    },
  };
}

/** @throws SluiceError `model-missing` or `model-invalid` */
export async function inspectModel(path: string): Promise<ModelSignature> {
  await requireModelFile(path);
  const { session } = await createSession(path, basename(path));
  const signature = signatureOf(session);
  await nativeCall(() => session.release());
  return signature;
}

async function createSession(
  model: string | Uint8Array,
  name: string,
): Promise<{ readonly runtime: typeof OnnxRuntime; readonly session: InferenceSession }> {
  const runtime = await loadOnnxRuntime();
  try {
    // `create` is overloaded by type, so the two calls cannot be one.
    const session = await nativeCall(() =>
      typeof model === "string"
        ? runtime.InferenceSession.create(model, SESSION_OPTIONS)
        : runtime.InferenceSession.create(model, SESSION_OPTIONS),
    );
    return { runtime, session };
  } catch (cause) {
    throw new SluiceError(
      `Cannot load model "${name}" as it must be an ONNX file that onnxruntime can run: ${firstLine(cause)}`,
      { code: "model-invalid", cause },
    );
  }
}

function signatureOf({ inputMetadata, outputMetadata }: InferenceSession): ModelSignature {
  const signature = (values: readonly InferenceSession.ValueMetadata[]): TensorSignature[] =>
    values.map((value) =>
      value.isTensor
        ? { name: value.name, type: value.type, shape: value.shape.map((size) => sizeOf(size)) }
        : { name: value.name, type: "no tensor", shape: [] },
    );
  return { inputs: signature(inputMetadata), outputs: signature(outputMetadata) };
}

/** A dimension that is free may have no name. */
function sizeOf(size: number | string): number | string {
  if (typeof size === "number") return size >= 0 ? size : "?";
  return size === "" ? "?" : size;
}

/** One thread a session: replicas are workers. Level 3 is errors; warnings list each weight that is named as an input. */
const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: [EXECUTION_PROVIDER],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

async function run(
  runtime: typeof OnnxRuntime,
  session: InferenceSession,
  name: string,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Readonly<Record<string, TensorData>>> {
  const tensors: Record<string, Tensor> = {};
  for (const [input, { type, data, shape }] of Object.entries(feeds)) {
    if (data.buffer instanceof SharedArrayBuffer) {
      throw new TypeError(
        `Cannot feed "${input}" from shared memory: onnxruntime wants an array of this thread`,
      );
    }
    tensors[input] = new runtime.Tensor(type, data, shape);
  }
  try {
    const outputs = await nativeCall(() => session.run(tensors));
    return Object.fromEntries(
      Object.entries(outputs).map(([output, tensor]) => [
        output,
        // The door's one cast: openSession has compared type and array of each output that a service reads.
        { type: tensor.type, data: tensor.data, shape: tensor.dims } as TensorData,
      ]),
    );
  } catch (cause) {
    throw new SluiceError(`Cannot run model "${name}": ${firstLine(cause)}`, {
      code: "service-failed",
      cause,
    });
  }
}

/** What is wrong with a model's inputs or outputs, or null. */
function mismatch(
  kind: "input" | "output",
  got: readonly InferenceSession.ValueMetadata[],
  wanted: Readonly<Record<string, TensorSpec>>,
  all: boolean,
): string | null {
  for (const [name, spec] of Object.entries(wanted)) {
    const found = got.find((value) => value.name === name);
    if (found === undefined) {
      return `${kind}s must include "${name}": got ${got.map((value) => `"${value.name}"`).join(", ") || "none"}`;
    }
    if (found.isTensor && found.type === spec.type && fits(found.shape, spec.shape)) continue;
    const has = found.isTensor ? tensorText(found.type, found.shape) : "no tensor";
    return `${kind} "${name}" must be ${tensorText(spec.type, spec.shape)}: got ${has}`;
  }
  const extra = all ? got.find((value) => !Object.hasOwn(wanted, value.name)) : undefined;
  if (extra === undefined) return null;
  const names = Object.keys(wanted).map((name) => `"${name}"`);
  return `${kind}s must be ${names.join(", ") || "none"}: got "${extra.name}" too`;
}

/** A dimension that the model leaves free is text or -1; it takes any size. */
function fits(got: readonly (number | string)[], wanted: readonly (number | null)[]): boolean {
  return (
    got.length === wanted.length &&
    wanted.every((size, index) => {
      const has = got[index];
      return size === null || typeof has !== "number" || has < 0 || has === size;
    })
  );
}

function tensorText(type: string, shape: readonly (number | string | null)[]): string {
  return `${type} [${shape.map((size) => (typeof size === "number" && size >= 0 ? size : "?")).join(", ")}]`;
}

/** onnxruntime's texts go on for lines, and name source files of its own build. */
function firstLine(error: unknown): string {
  return (errorText(error).split("\n")[0] ?? "").replace(/\/\S*onnxruntime\S+ /g, "");
}
