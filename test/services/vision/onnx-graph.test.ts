import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openSession } from "../../../src/services/onnx-session.js";
import { OnnxGraph } from "../../../src/services/vision/onnx-graph.js";

test("OnnxGraph encodes a model that onnxruntime runs, with a free dimension", async () => {
  const graph = new OnnxGraph("test");
  const values = graph.input("values", "float32", ["count", 2]);
  const weighted = graph.node("Mul", [values, graph.float([2, 3], [2])]);
  graph.output("best", graph.node("ReduceMax", [weighted], { axes: [1], keepdims: 0 }), "float32", ["count"]);
  const session = await openSession(graph.encode(), {
    inputs: { values: { type: "float32", shape: [null, 2] } },
    outputs: { best: { type: "float32", shape: [null] } },
  });
  const { best } = await session.run({
    values: { type: "float32", data: Float32Array.from([1, 1, 4, 2, -1, -1]), shape: [3, 2] },
  });
  assert.equal([...(best?.data ?? [])], [3, 8, -2]);
  assert.equal(session.inputShapes, { values: [null, 2] });
  await session.close();
});

test("OnnxGraph refuses a tensor whose shape does not fit its elements", () => {
  assert.throws(
    () => new OnnxGraph("test").float([1, 2, 3], [2, 2]),
    /shape \[2, 2\] needs 4 elements: got 3/,
  );
});

test.run();
