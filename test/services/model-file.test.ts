import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { modelPath } from "../../src/services/model-file.js";
import { SluiceError } from "../../src/task/errors.js";

test("modelPath takes a plain file name in a named folder, and nothing else", () => {
  assert.is(modelPath("/models", "a.onnx"), "/models/a.onnx");
  for (const file of ["../a.onnx", "/etc/passwd", "a/b.onnx", "a\\b.onnx", "", ".", ".."]) {
    assert.throws(
      () => modelPath("/models", file),
      (error: unknown) => error instanceof SluiceError && error.code === "model-invalid",
    );
  }
  assert.throws(
    () => modelPath(null, "a.onnx"),
    (error: unknown) =>
      error instanceof SluiceError && error.code === "model-missing" && error.message.endsWith("--model-dir"),
  );
});

test.run();
