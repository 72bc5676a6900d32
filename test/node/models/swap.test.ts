import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { NodeEvent } from "../../../src/actors/protocol/generator.js";
import { startNode } from "../../../src/node/node.js";
import { connectOperator } from "../../../src/operator/operator.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { SERVICES } from "../../../src/services/catalogue.js";
import { OnnxGraph } from "../../../src/services/vision/onnx-graph.js";
import { iterateRecords } from "../../../src/storage/results/read-store.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { ModelInUse } from "../../../src/task/model-in-use.js";
import { scriptedSource } from "../../support/scripted-source.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

/** Finds one thing in the middle, of the first label, the more surely the brighter the picture: beyond 1 where that is not black. */
function detector(score: number, brightness: number): Uint8Array {
  const graph = new OnnxGraph("detector");
  const picture = graph.input("image", "float32", [1, 3, 32, 64]);
  const mean = graph.node("ReduceMean", [picture], { axes: [1, 2, 3], keepdims: 0 });
  const shape = [1, 6, 1];
  const risen = graph.node("Mul", [mean, graph.float([0, 0, 0, 0, -brightness, 0], shape)]);
  const out = graph.node("Sub", [graph.float([32, 16, 16, 16, score, 0], shape), risen]);
  graph.output("out", out, "float32", shape);
  return graph.encode();
}

const described = (labels: string): string => `output: { decoding: yolov8 }\nlabels: ${labels}\n`;

test("a stage changes over to a new version of its model as it runs, and back where that fails: nothing is lost, and results name theirs", async () => {
  const models = temporaryFolder();
  const file = join(models, "m.onnx");
  writeFileSync(file, detector(0.5, 0));
  writeFileSync(join(models, "m.yaml"), described("[bird, cat]"));
  const store = new MemoryStore();
  const told: ModelInUse[] = [];
  let outcomes = 0;
  let heard = (): void => {};
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await within(3_000, new Promise<void>((resolve) => (heard = resolve)), "a task");
  };
  const next = async (count: number): Promise<ModelInUse | undefined> => {
    await until(() => told.length >= count);
    return told.at(-1);
  };
  const onEvent = (event: NodeEvent): void => {
    if (event.type === "modelSwapped") told.push(event.model);
  };
  const onOutcome = (): void => {
    outcomes += 1;
    heard();
  };
  const node = await startNode({
    name: "solo",
    listen: "ws://127.0.0.1:0",
    store,
    modelDir: models,
    services: SERVICES,
    log: silentLogger,
    onEvent,
    onOutcome,
  });
  const operator = await connectOperator({ hub: node.cluster?.url ?? "", token: null });
  try {
    const stages = [{ id: "find", service: "detection", parameters: { model: "m.onnx" } }];
    const pipeline = definePipeline({ id: "modelled", stages }, SERVICES);
    const configuration = parseConfiguration({ width: 64, height: 32, framesPerTask: 1 });
    const { source, capture } = scriptedSource({ liveEveryMs: 200, write: (_, bytes) => bytes.fill(200) });
    const id = parseSourceId("cam");
    await node.addSource({ id, source, capture, pipeline, configuration });
    await until(() => outcomes > 0);
    // One that loads, and fails at what the old one does; and one that is no model.
    writeFileSync(file, detector(0.5, 1));
    const failing = await next(2);
    assert.match(failing?.refused?.reason ?? "", /a task failed that the version before does: .*score/);
    writeFileSync(file, "no model");
    assert.match((await next(3))?.refused?.reason ?? "", /must be an ONNX file/);
    // The file is what it was, and its description is another one.
    writeFileSync(file, detector(0.5, 0));
    writeFileSync(join(models, "m.yaml"), described("[cat, bird]"));
    const swapped = await next(4);
    assert.is(swapped?.refused, undefined);
    assert.is(swapped?.version.slice(0, 64), failing?.version.slice(0, 64));
    assert.is.not(swapped?.version, failing?.version);
    const { nodes } = await operator.nodes();
    assert.equal(
      nodes[0]?.running.map(({ version }) => version),
      [swapped?.version],
    );
    await node.drainSource(id);
    const labels: string[] = [];
    const hashes = new Set<string | undefined>();
    for await (const record of iterateRecords(store)) {
      assert.ok(record.type !== "gap", "nothing is lost");
      if (record.type !== "result") continue;
      labels.push(...(record.results["find"]?.frames.flat().map(({ label }) => label) ?? []));
      hashes.add(record.hops[0]?.model);
    }
    assert.equal(
      labels,
      labels.toSorted(),
      "each task is of one version, and those of the new one are the last",
    );
    assert.equal([new Set(labels).size, hashes], [2, new Set([failing?.version.slice(0, 64)])]);
  } finally {
    await operator.close();
    await node.terminate();
  }
});

test.run();
