import * as assert from "uvu/assert";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import { spawnAgent, type AgentPorts } from "../../src/node/agent/spawn.js";
import { createAgentClient } from "../../src/operator/agent-client.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { clusterTest } from "../support/cluster-test.js";
import { test } from "../support/test.js";

const idle = (): Promise<void> => Promise.resolve();
const ports: AgentPorts = {
  addSource: idle,
  takeSource: idle,
  movePipeline: idle,
  drainSource: idle,
  watchPictures: () => {},
  freeName: idle,
  ledgers: () => Promise.resolve([]),
  drain: idle,
};

const end = (id: string, incarnation: number): NodeEvent => {
  const sourceId = parseSourceId(id);
  const ledger: LedgerReported = {
    type: "ledgerReported",
    sourceId,
    incarnation,
    created: 1,
    stored: 1,
    dropped: {},
    redelivered: 0,
    inFlight: 0,
    window: 16,
    accounts: [],
    framesSkipped: 0,
    timeSteps: 0,
    status: "ended",
  };
  return { type: "sourceEnded", sourceId, error: null, ledger };
};

clusterTest(
  "an operator that was cut off as a source ended is told of it once it is back, and of nothing twice",
  async (cluster) => {
    let hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const operator = await cluster.join("operator", { roles: ["operator"] });
    const agent = spawnAgent(edge.system, edge.cluster.self.name, ports);
    const told: string[] = [];
    const client = createAgentClient(operator.system, edge.cluster.self.name, operator.cluster);
    const unwatch = client.watchEvents((event) => {
      if (event.type === "sourceEnded") told.push(`${event.sourceId}/${event.ledger.incarnation}`);
    });
    await cluster.settle();
    agent.tell(end("cam-1", 7));
    await cluster.settle();
    assert.equal(told, ["cam-1/7"]);

    await hub.cluster.leave();
    await hub.system.terminate();
    await cluster.settle();
    // The clock of the node was set back meanwhile.
    agent.tell(end("cam-1", 3));
    agent.tell(end("cam-2", 1));
    hub = await cluster.hub();
    await cluster.advance(10_000);
    assert.is(operator.cluster.members.has(edge.cluster.self.name), true);
    assert.equal(told, ["cam-1/7", "cam-1/3", "cam-2/1"]);

    agent.tell(end("cam-2", 2));
    await cluster.settle();
    assert.equal(told.slice(3), ["cam-2/2"]);
    unwatch();
    agent.tell(end("cam-2", 3));
    await cluster.settle();
    assert.is(told.length, 4);
  },
);

test.run();
