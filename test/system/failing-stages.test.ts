import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import { startNode } from "../../src/node/node.js";
import { connectOperator } from "../../src/operator/operator.js";
import { silentLogger } from "../../src/runtime/log.js";
import { iterateRecords } from "../../src/storage/results/read-store.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { scriptedSource } from "../support/scripted-source.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

const service: ServiceDeclaration = {
  name: "picky",
  summary: "Can be loaded only where there is a folder of models, and does not say so",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("../support/services/needs-models.js", import.meta.url).href,
};
const services = new Map([[service.name, service]]);
const pipeline = definePipeline({ id: "picky", stages: [{ id: "pick", service: "picky" }] }, services);
const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });
const policy = { name: "cloud-only", parameters: {} };

/** A hub without models and an edge with a folder of them; the source of so many tasks, all to run on the cloud, has ended. */
async function playOnCloud(count: number, edgeModels: string | null) {
  const store = new MemoryStore();
  const events: NodeEvent[] = [];
  const common = { services, log: silentLogger } as const;
  const hub = await startNode({
    ...common,
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    store,
    onEvent: (event) => events.push(event),
  });
  const join = hub.cluster?.url ?? "";
  const edge = await startNode({ ...common, name: "edge-1", join, modelDir: edgeModels });
  const operator = await connectOperator({ hub: join, token: null });
  try {
    const id = parseSourceId("cam");
    const { source, capture } = scriptedSource({ count });
    await edge.addSource({ id, source, capture, pipeline, configuration, policy });
    await within(30_000, edge.sourceEnded(id), "the source");
    const nodes = await operator.nodes();
    const records = [];
    for await (const record of iterateRecords(store)) records.push(record);
    return { totals: store.totals()["cam"], events, nodes: nodes.nodes, records };
  } finally {
    await operator.close();
    await edge.terminate();
    await hub.terminate();
  }
}

test("a stage that cannot be loaded on one node runs on another, and no task is lost by it", async () => {
  const { totals, events, nodes, records } = await playOnCloud(40, temporaryFolder());
  assert.equal(totals, { stored: 40, dropped: {} });
  const ranAt = records.flatMap((record) => (record.type === "result" ? record.hops : []));
  assert.equal([...new Set(ranAt.map(({ node }) => node))], ["edge-1"]);
  assert.equal(
    events.flatMap((event) => (event.type === "stageFailed" ? [event.error.message] : [])),
    ["Cannot load it without models"],
  );
  const failures = nodes.map(({ description, failures: of }) => [
    description.name,
    of.map(({ reason }) => reason),
  ]);

  assert.equal(Object.fromEntries(failures), { cloud: ["Cannot load it without models"], "edge-1": [] });
});

test("a stage that can be loaded nowhere has all tasks dropped with the reason, and soon", async () => {
  const { totals, records } = await playOnCloud(40, null);
  assert.equal(totals, { stored: 0, dropped: { serviceFailed: 40 } });
  const details = records.flatMap((record) => (record.type === "gap" ? [record.detail] : []));
  assert.equal([...new Set(details)], ["Cannot load it without models"]);
});

test.run();
