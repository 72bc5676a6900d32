import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError, type SluiceErrorCode } from "../../src/task/errors.js";
import { modelPath } from "../../src/services/model-file.js";
import { openSession, type ModelSpec } from "../../src/services/onnx-session.js";
import { doublingModel } from "../support/tiny-onnx.js";

const spec = (shape: readonly (number | null)[]): ModelSpec => ({
  inputs: { x: { type: "float32", shape } },
  outputs: { y: { type: "float32", shape } },
});

async function rejects(work: () => Promise<unknown>, code: SluiceErrorCode, text: RegExp): Promise<void> {
  const error = await work().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, SluiceError);
  assert.is((error as SluiceError).code, code);
  assert.is((error as SluiceError).retry, "never");
  assert.match((error as SluiceError).message, text);
}

test("openSession runs a model given as bytes, with a free dimension", async () => {
  const session = await openSession(doublingModel(["n", 3]), spec([null, 3]));
  const x = { type: "float32", data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } as const;
  const { y } = await session.run({ x });
  assert.equal(y, { type: "float32", data: Float32Array.of(2, 4, 6, 8, 10, 12), shape: [2, 3] });
  await session.close();
  await session.close();
});

test("openSession runs a model given as a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-"));
  await writeFile(join(folder, "m.onnx"), doublingModel([1]));
  const session = await openSession(modelPath(folder, "m.onnx"), spec([1]));
  const { y } = await session.run({ x: { type: "float32", data: Float32Array.of(21), shape: [1] } });
  assert.equal(y?.data, Float32Array.of(42));
  await session.close();
  await rm(folder, { recursive: true });
});

test("session refuses an input in shared memory in its own words", async () => {
  const session = await openSession(doublingModel([1]), spec([1]));
  const data = new Float32Array(new SharedArrayBuffer(4));
  try {
    await session.run({ x: { type: "float32", data, shape: [1] } });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TypeError);
    assert.match((error as Error).message, 'Cannot feed "x" from shared memory');
  }
  await session.close();
});

test("session fails a run whose input has another shape, and goes on", async () => {
  const session = await openSession(doublingModel([2]), spec([2]));
  const run = (shape: number[]) =>
    session.run({ x: { type: "float32", data: new Float32Array(shape[0] ?? 0), shape } });
  const error = await run([3]).catch((thrown: unknown) => thrown);
  assert.instance(error, SluiceError);
  assert.is((error as SluiceError).code, "service-failed");
  assert.match((error as Error).message, /^Cannot run model "built in": /);
  assert.equal((await run([2]))["y"]?.shape, [2]);
  await session.close();
});

test("openSession says where it looked for a model that is not there", async () => {
  await rejects(
    () => openSession("/no/such/dir/yolo.onnx", spec([1])),
    "model-missing",
    /^Cannot load model "yolo.onnx" as there is no such file: looked for "\/no\/such\/dir\/yolo.onnx"; .*--model-dir$/,
  );
  await rejects(() => openSession(tmpdir(), spec([1])), "model-missing", /as it must be a file: looked for/);
});

test("openSession refuses what is no ONNX", async () => {
  const wanted =
    /^Cannot load model "built in" as it must be an ONNX file that onnxruntime can run: [^\n]{5,200}$/;
  for (const bytes of [new TextEncoder().encode("not a model"), new Uint8Array(0), new Uint8Array(1_000)]) {
    await rejects(() => openSession(bytes, spec([1])), "model-invalid", wanted);
  }
});

test("openSession gives got and wanted where an input or output is another", async () => {
  const model = doublingModel(["n", 3]);
  const refused = (wanted: ModelSpec, text: RegExp) =>
    rejects(() => openSession(model, wanted), "model-invalid", text);
  await refused(
    spec([1, 4]),
    /^Cannot use model "built in" as its input "x" must be float32 \[1, 4\]: got float32 \[\?, 3\]$/,
  );
  await refused(spec([null]), /must be float32 \[\?\]: got float32 \[\?, 3\]$/);
  await refused(
    { inputs: { images: { type: "float32", shape: [1] } }, outputs: {} },
    /its inputs must include "images": got "x"$/,
  );
  await refused(
    { inputs: { x: { type: "uint8", shape: [1, 3] } }, outputs: {} },
    /must be uint8 \[1, 3\]: got float32 \[\?, 3\]$/,
  );
  await refused({ inputs: {}, outputs: {} }, /its inputs must be none: got "x" too$/);
  await refused(
    { ...spec([null, 3]), outputs: { z: { type: "float32", shape: [1] } } },
    /its outputs must include "z": got "y"$/,
  );
});

const data =
  process.env["SLUICE_TEST_DATA"] ?? fileURLToPath(new URL("../../../../shared/data", import.meta.url));

function dataTest(name: string, body: () => Promise<void>): void {
  if (existsSync(data)) {
    test(name, body);
  } else {
    console.log(`SKIPPED "${name}": no folder ${data}`);
    test.skip(name, body);
  }
}

dataTest("openSession opens YOLOX and UltraFace, whose weights are listed as inputs", async () => {
  const float32 = (...shape: number[]) => ({ type: "float32", shape }) as const;
  const yolox = await openSession(join(data, "yolox-nano-416.onnx"), {
    inputs: { images: float32(1, 3, 416, 416) },
    outputs: { output: float32(1, 3549, 85) },
  });
  await yolox.close();
  const ultraface = await openSession(join(data, "ultraface-rfb-320.onnx"), {
    inputs: { input: float32(1, 3, 240, 320) },
    outputs: { scores: float32(1, 4420, 2), boxes: float32(1, 4420, 4) },
  });
  await ultraface.close();
});

test.run();
