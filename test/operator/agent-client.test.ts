import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { OwnersReported, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import { spawnAgent, type AgentPorts } from "../../src/node/agent/spawn.js";
import { createAgentClient } from "../../src/operator/agent-client.js";
import { parseNodeName, parsePipelineId, parseSourceId, parseStageId } from "../../src/task/identity.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { SourceRequest } from "../../src/task/requests.js";
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
  openProbe: idle,
  ledgers: () => Promise.resolve([]),
  pipelineOf: () => Promise.reject(new Error("none")),
  actors: () => ({ actors: [], left: 0, deadLetters: {} }),
  deadLetters: () => [],
  drain: idle,
};

type Ended = Extract<NodeEvent, { readonly type: "sourceEnded" }>;

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

/** A scheduler that knows whose sources are. */
const owning = (owners: Readonly<Record<string, string>>): Behaviour<null, SchedulerMessage> => ({
  start: () => null,
  receive(state, message) {
    if (message.type === "reportOwners")
      message.replyTo.tell({ type: "ownersReported", owners: owners as OwnersReported["owners"] });
    return state;
  },
});

clusterTest(
  "what a node says of sources that are another node's is not told: not that they have ended, and not their ledgers",
  async (cluster) => {
    const hub = await cluster.hub();
    const rogue = await cluster.join("edge-2");
    const operator = await cluster.join("operator", { roles: ["operator"] });
    hub.system.spawn(owning({ "cam-1": "edge-1", "cam-2": "edge-2" }), { name: "scheduler" });
    const ledgers = ["cam-1", "cam-2", "cam-3"].map((id) => (end(id, 1) as Ended).ledger);
    const node = rogue.cluster.self.name;
    const agent = spawnAgent(rogue.system, node, { ...ports, ledgers: () => Promise.resolve(ledgers) });
    const told: string[] = [];
    const client = createAgentClient(operator.system, node, operator.cluster);
    client.watchEvents((event) => void told.push("sourceId" in event ? event.sourceId : event.node));
    await cluster.settle();
    for (const id of ["cam-1", "cam-2", "cam-3"]) agent.tell(end(id, 1));
    const stage = { pipelineId: parsePipelineId("p"), pipelineVersion: 1, stage: parseStageId("a") };
    for (const of of [parseNodeName("edge-1"), node])
      agent.tell({ type: "stageFailed", node: of, stage, error: new Error("no model") });
    await cluster.settle();
    assert.equal([...told].sort(), ["cam-2", "cam-3", "edge-2"]);
    assert.equal(
      (await client.sources()).ledgers.map(({ sourceId }) => sourceId),
      ["cam-2", "cam-3"],
    );
  },
);

clusterTest(
  "an operator that was cut off is told once it is back what it missed, how much is not kept, and nothing twice",
  async (cluster) => {
    let hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const operator = await cluster.join("operator", { roles: ["operator"] });
    hub.system.spawn(owning({ "cam-1": "edge-1" }), { name: "scheduler" });
    const told: string[] = [];
    const others: string[] = [];
    const client = createAgentClient(operator.system, edge.cluster.self.name, operator.cluster);
    const unwatch = client.watchEvents((event) => {
      if (event.type === "sourceEnded") told.push(`${event.sourceId}/${event.ledger.incarnation}`);
      else if (event.type === "eventsMissed") others.push(`${event.count} missed of ${event.node}`);
      else if (event.type === "sourceStarted") others.push(event.description);
    });
    await cluster.settle();
    // A node is a member before it has an agent.
    const agent = spawnAgent(edge.system, edge.cluster.self.name, ports);
    await cluster.advance(1_000);
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
    hub.system.spawn(owning({ "cam-1": "edge-1" }), { name: "scheduler" });
    await cluster.advance(10_000);
    assert.is(operator.cluster.members.has(edge.cluster.self.name), true);
    assert.equal(told, ["cam-1/7", "cam-1/3", "cam-2/1"]);

    agent.tell(end("cam-2", 2));
    await cluster.settle();
    assert.equal(told.slice(3), ["cam-2/2"]);

    // More happens during a second outage than is kept: the last is told, and how much is not.
    await hub.cluster.leave();
    await hub.system.terminate();
    await cluster.settle();
    for (let n = 1; n <= 300; n++)
      agent.tell({ type: "sourceStarted", sourceId: parseSourceId("cam-3"), description: `start ${n}` });
    hub = await cluster.hub();
    // Nothing is lost where it is not known for a while whose sources those are.
    await cluster.advance(3_000);
    hub.system.spawn(owning({ "cam-1": "edge-1" }), { name: "scheduler" });
    await cluster.advance(7_000);
    assert.equal(
      [others.length, ...others.slice(0, 2), others.at(-1)],
      [257, "44 missed of edge-1", "start 45", "start 300"],
    );

    unwatch();
    agent.tell(end("cam-2", 3));
    await cluster.settle();
    assert.is(told.length, 4);
  },
);

const REQUEST: SourceRequest = {
  id: "cam-1",
  source: "test:",
  pipeline: "",
  pipelineName: "p.yaml",
  configuration: {},
  policy: null,
  paced: false,
  limit: null,
};

clusterTest(
  "an order whose answer is lost with the link is done once, and whoever gave it learns the outcome",
  async (cluster) => {
    let hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const operator = await cluster.join("operator", { roles: ["operator"] });
    const begun: string[] = [];
    const finish: ((error?: Error) => void)[] = [];
    const work = (what: string): Promise<void> => {
      begun.push(what);
      return new Promise((resolve, reject) => {
        finish.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    };
    spawnAgent(edge.system, edge.cluster.self.name, {
      ...ports,
      addSource: ({ id }) => work(`add ${id}`),
      drainSource: (id) => work(`drain ${id}`),
    });
    const client = createAgentClient(operator.system, edge.cluster.self.name, operator.cluster);
    const learnt: string[] = [];
    const learn = (what: string, order: Promise<void>): void =>
      void order.then(
        () => learnt.push(`${what}: done`),
        (error: Error) => learnt.push(`${what}: ${error.message}`),
      );
    learn("add", client.addSource(REQUEST));
    learn("drain", client.drainSource(parseSourceId("cam-2")));
    learn("last", client.drainSource(parseSourceId("cam-3")));
    await cluster.settle();
    assert.equal(begun, ["add cam-1", "drain cam-2", "drain cam-3"]);

    await hub.cluster.leave();
    await hub.system.terminate();
    await cluster.settle();
    // Nobody hears of these.
    finish[0]?.();
    finish[1]?.(new Error("there is none"));
    hub = await cluster.hub();
    await cluster.advance(10_000);
    finish[2]?.();
    await cluster.settle();
    assert.equal([...learnt].sort(), ["add: done", "drain: there is none", "last: done"]);
    assert.equal(begun, ["add cam-1", "drain cam-2", "drain cam-3"]);

    // One that was never there is not waited for, and one that does not come back only so long.
    const nobody = createAgentClient(operator.system, parseNodeName("edge-2"), operator.cluster);
    learn("nobody", nobody.addSource(REQUEST));
    await cluster.settle();
    assert.match(learnt[3] ?? "", /^nobody: .*unreachable/);
    learn("gone", client.addSource(REQUEST));
    await cluster.settle();
    await edge.cluster.leave();
    await cluster.advance(9_000);
    assert.is(learnt.length, 4);
    await cluster.advance(1_500);
    assert.match(learnt[4] ?? "", /^gone: .*unreachable/);
  },
);

test.run();
