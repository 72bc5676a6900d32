/** A policy of one's own, live on the demo clip. Run it: `node dist/apps/examples/own-policy.js` */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
// In a project of your own: from "sluice".
import {
  bindPolicy,
  offering,
  openStore,
  parsePipelineFile,
  parseSource,
  parseSourceId,
  SERVICES,
  startLocalCluster,
  createStatelessPolicy,
  type NodeView,
} from "../../src/index.js";

const busy = (node: NodeView): number => node.sample?.cpuShare ?? 0;

/** Pixels stay beside the camera; whatever reads boxes goes to the node with the most processor to spare. */
const spareNode = createStatelessPolicy("spare-node", (view) => {
  const { stages } = view.source.pipeline;
  const placement = new Map(
    stages.map(({ id, service, inputs }) => {
      const spare = offering(view, service).toSorted((a, b) => busy(a) - busy(b));
      const nodes = spare.map(({ description }) => description.name);
      return [id, inputs.includes("frame") ? [view.source.node, ...nodes] : nodes] as const;
    }),
  );
  return {
    plan: { configuration: view.source.configuration, placement },
    why: { reason: "pixels stay, boxes go where there is processor to spare", inputs: {} },
  };
});

const apps = new URL("../../../apps/", import.meta.url);
const asset = (path: string): string => fileURLToPath(new URL(path, apps));
const file = asset("pipelines/default.yaml");
const { pipeline, configuration } = parsePipelineFile(await readFile(file, "utf8"), file, SERVICES);

const store = await openStore("memory:");
const cluster = await startLocalCluster({ store, services: SERVICES, policies: [bindPolicy(spareNode)] });
const observed = cluster.observe([pipeline]);
const id = parseSourceId("demo");
const source = parseSource(asset("demo/demo.mp4"));
const policy = { name: "spare-node", parameters: {} };
await cluster.addSource({ id, source, pipeline, configuration, policy });
const { explanations } = await cluster.table();
await cluster.sourcesEnded();

const { stored, stages } = await observed.report();
console.log(`${stored} tasks stored; ${explanations[id]?.reason}`);
for (const [stage, { nodes }] of Object.entries(stages)) console.log(stage, nodes);
await cluster.terminate();
await store.close();
