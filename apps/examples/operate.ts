/**
 * A program that operates a cluster: it starts a source, follows its results as they are stored, sets a policy, sums up the
 * run and audits it. Here the hub is in the same process. Run it: `node dist/apps/examples/operate.js`
 */

import { fileURLToPath } from "node:url";
// In a project of your own: from "sluice".
import {
  connectOperator,
  openStore,
  parsePipelineFile,
  parseSourceId,
  SERVICES,
  startNode,
  type LedgerReported,
} from "../../src/index.js";

const demo = fileURLToPath(new URL("../../../apps/demo", import.meta.url));
const text = "pipeline: moving\nstages:\n  motion: { service: motion-detection }\n";
const [listen, store] = ["ws://127.0.0.1:0", await openStore("memory:")];
const sourcePolicy = { folders: [demo] };
const hub = await startNode({ name: "cloud", listen, store, services: SERVICES, sourcePolicy });

const operator = await connectOperator({ hub: hub.cluster?.url ?? listen, token: null });
const observed = operator.observe([parsePipelineFile(text, "moving.yaml", SERVICES).pipeline]);
const id = parseSourceId("demo");
const unfollow = operator.follow(0, id, (event) => {
  if (event.type === "record") console.log(event.record.type, event.record.id.sequence);
});
const agent = operator.agent(hub.name);
const ended = new Promise<LedgerReported>((resolve) => {
  agent.watchEvents((event) => {
    if (event.type === "sourceEnded") resolve(event.ledger);
  });
});
const source = { id, source: `${demo}/demo.mp4`, pipeline: text, pipelineName: "moving.yaml" };
await agent.addSource({ ...source, configuration: {}, policy: null, paced: false, limit: 4 });
await operator.setPolicy(id, { name: "dynamic", parameters: { unknownBandwidth: "edge" } });
const { stored } = await ended;

const { found } = await observed.report();
console.log(`${stored} tasks: ${found.map(({ name, atOnce }) => `${name}, ${atOnce} at once`).join("; ")}`);
const { records, findingCount } = await operator.audit();
console.log(`${records} records, ${findingCount} findings`);

unfollow();
await operator.close();
await hub.terminate();
await store.close();
