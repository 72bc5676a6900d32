import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { startNode } from "../../../src/node/node.js";
import { connectOperator } from "../../../src/operator/operator.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { describeModelFile } from "../../../src/services/model-files.js";
import { iterateRecords } from "../../../src/storage/results/read-store.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { MODEL_LIMITS } from "../../../src/task/offers.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { scriptedSource } from "../../support/scripted-source.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

const service: ServiceDeclaration = {
  name: "modelled",
  summary: "Needs a model, which it does not look at",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  model: { parameter: "model" },
  module: new URL("../../support/services/needs-models.js", import.meta.url).href,
};
const services = new Map([[service.name, service]]);

test("a stage runs on an edge that has fetched its model from the hub, and its results name that model", async () => {
  const modelLibrary = temporaryFolder();
  const file = join(modelLibrary, "big.onnx");
  mkdirSync(modelLibrary, { recursive: true });
  writeFileSync(file, new Uint8Array(3 * MODEL_LIMITS.partBytes + 5).fill(7));
  const model = await describeModelFile(file);
  assert.ok(model);
  const store = new MemoryStore();
  const common = { services, log: silentLogger } as const;
  const hub = await startNode({
    ...common,
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store,
    modelLibrary,
  });
  const url = hub.cluster?.url ?? "";
  const edge = await startNode({
    ...common,
    name: "edge-1",
    join: url,
    fetchedModels: { folder: temporaryFolder(), bytesMax: 2 * model.bytes },
  });
  const operator = await connectOperator({ hub: url, token: null });
  try {
    const stages = [{ id: "find", service: "modelled", parameters: { model: "big.onnx" } }];
    const pipeline = definePipeline({ id: "modelled", stages }, services);
    const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });
    const id = parseSourceId("cam");
    const { source, capture } = scriptedSource({ count: 8 });
    const policy = { name: "edge-only", parameters: {} };
    await edge.addSource({ id, source, capture, pipeline, configuration, policy });
    await within(30_000, edge.sourceEnded(id), "the source");
    const hops = [];
    for await (const record of iterateRecords(store)) {
      if (record.type === "result") hops.push(...record.hops.map((hop) => hop.model));
    }
    assert.equal(hops, Array(8).fill(model.sha256));
    // The file is only in the folder of the hub: whoever ran the stage has it from there.
    const { nodes } = await operator.nodes();
    assert.equal(
      nodes.map(({ description }) => description.models),
      [[{ ...model, at: "hub" }], [{ ...model, at: "hub" }]],
    );
    assert.equal((await operator.audit()).findings, []);
  } finally {
    await operator.close();
    await edge.terminate();
    await hub.terminate();
  }
});

test.run();
