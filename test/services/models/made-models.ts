/** Small ONNX models of the test's own, in a folder with their descriptions. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnnxGraph } from "../../../src/services/vision/onnx-graph.js";
import type { ElementType } from "../../../src/services/vision/onnx-proto.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

export const folder = temporaryFolder();

/** Puts a model and its description there. */
export function place(name: string, model: Uint8Array, description: string): void {
  writeFileSync(join(folder, `${name}.onnx`), model);
  writeFileSync(join(folder, `${name}.yaml`), description);
}

export interface Constant {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Takes a picture `[1, 3, 32, 64]` and says the same of each. */
export function constantModel(outputs: Readonly<Record<string, Constant>>): Uint8Array {
  const graph = new OnnxGraph("constant");
  graph.input("image", "float32", [1, 3, 32, 64]);
  for (const [name, { shape, values }] of Object.entries(outputs)) {
    graph.output(name, graph.float(values, shape), "float32", shape);
  }
  return graph.encode();
}

/** Its logits are the means of the three channels as they come in, so that the best label is the strongest of them. */
export function meansModel(
  type: ElementType,
  layout: "nchw" | "nhwc",
  batch: number | string,
  output: ElementType = "float32",
): Uint8Array {
  const graph = new OnnxGraph("means");
  const shape = layout === "nchw" ? [batch, 3, 8, 8] : [batch, 8, 8, 3];
  const picture = graph.cast(graph.input("picture", type, shape), "float32");
  const axes = layout === "nchw" ? [2, 3] : [1, 2];
  const means = graph.node("ReduceMean", [picture], { axes, keepdims: 0 });
  graph.output("means", graph.cast(means, output), output, [batch, 3]);
  return graph.encode();
}
