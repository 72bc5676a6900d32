/**
 * A service of one's own, on the demo clip: `brightness-service.ts` runs in a worker thread, and what it finds is read
 * from the store. Run it: `node dist/apps/examples/own-service.js`
 */

import { fileURLToPath } from "node:url";
// In a project of your own: from "sluice".
import {
  definePipeline,
  iterateRecords,
  openStore,
  parseConfiguration,
  parseSource,
  parseSourceId,
  startLocalCluster,
  type ServiceDeclaration,
} from "../../src/index.js";

const brightness: ServiceDeclaration = {
  name: "brightness",
  summary: "Tells bright frames from dark ones",
  inputs: ["frame"],
  output: "labels",
  stateful: false,
  module: new URL("./brightness-service.js", import.meta.url).href,
};
const services = new Map([[brightness.name, brightness]]);
const stage = { id: "brightness", service: "brightness", parameters: { threshold: 0.4 } };

const store = await openStore("memory:");
const cluster = await startLocalCluster({ store, services });
await cluster.addSource({
  id: parseSourceId("demo"),
  source: parseSource(fileURLToPath(new URL("../../../apps/demo/demo.mp4", import.meta.url))),
  pipeline: definePipeline({ id: "light", stages: [stage] }, services),
  configuration: parseConfiguration({ resolution: "160x90", fps: 5, framesPerTask: 5 }),
  limit: 4,
});
await cluster.sourcesEnded();

for await (const record of iterateRecords(store)) {
  if (record.type === "gap") console.log(record.id.sequence, "dropped:", record.reason, record.detail);
  if (record.type !== "result") continue;
  console.log(
    record.id.sequence,
    record.results["brightness"]?.frames.flat().map(({ label }) => label),
  );
}
await cluster.terminate();
await store.close();
