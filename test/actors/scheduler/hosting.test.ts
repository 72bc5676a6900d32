/** Sources that any of several nodes may capture: who is chosen, and what happens as that one is gone, leaves or cannot. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { AgentMessage } from "../../../src/actors/protocol/agent.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { DistributorMessage, SealedSource } from "../../../src/actors/protocol/distributor.js";
import type {
  HostReply,
  OrderReply,
  PolicyReply,
  ScheduledSources,
} from "../../../src/actors/protocol/scheduler.js";
import { SCHEDULED_SOURCES } from "../../../src/actors/guard/replies.js";
import { parseWith } from "../../../src/runtime/parse.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { createMemoryTrust, type Trust } from "../../../src/storage/trust/trust.js";
import type { Hosting } from "../../../src/task/hosting.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName, parseSourceId, type NodeName } from "../../../src/task/identity.js";
import type { SourceRequest } from "../../../src/task/requests.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { CLOUD, EDGE_1, EDGE_2, node, source } from "./cluster.js";

const CAM_1 = parseSourceId("cam-1");
const REQUEST: SourceRequest = {
  id: CAM_1,
  source: "rtsp://cam/1",
  pipeline: "",
  pipelineName: "two.yaml",
  configuration: {},
  policy: null,
  paced: false,
  limit: null,
};
const TWO: Hosting = { candidates: [EDGE_1, EDGE_2], choice: "fixed" };

function setUp({ names = ["cloud", "edge-1", "edge-2"], trust = createMemoryTrust() }: SetUp = {}) {
  const retained = createSchedulerRetained(trust.orders, null, trust.hosted);
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const agents = new Map<NodeName, ReturnType<typeof createProbe<AgentMessage>>>();
  const agentOf = (name: string) => {
    const known = agents.get(parseNodeName(name));
    const agent = known ?? createProbe<AgentMessage>(`sluice://${name}/agent`);
    agents.set(parseNodeName(name), agent);
    return agent;
  };
  const scheduler = fold(
    createScheduler(
      {
        term: 1,
        epoch: 0,
        fallback: CLOUD,
        decisions: createInlineDecisions(createPolicies()),
        intervalMs: 1_000,
        moveLimits: {},
        nodesMax: 10,
        sourcesMax: 10,
        sourcesPerNodeMax: 10,
        pipelinesPerNodeMax: 10,
        owners: trust.owners,
        listener: null,
      },
      retained,
    ),
    {
      address: "sluice://cloud/scheduler",
      resolve: {
        "sluice://cloud/distributor": distributor as never,
        ...Object.fromEntries(
          ["cloud", "edge-1", "edge-2", "edge-3"].map((name) => [
            `sluice://${name}/agent`,
            agentOf(name) as never,
          ]),
        ),
      },
    },
  );
  const controller = createProbe<ControllerMessage>();
  const join = (name: string) =>
    scheduler.tell({
      type: "registerNode",
      node: node(name),
      controller: { ...controller, address: `sluice://${name}/controller` },
    });
  for (const name of names) join(name);
  /** Answers the newest seal. */
  const sealed = async (changes: Partial<SealedSource> = {}) => {
    const asked = distributor.all("sealSource").at(-1);
    if (asked === undefined) throw new Error("Nothing is sealed");
    const found = { position: null, lastTaskAtMs: null, tasks: 0, nextPosition: 7, ...changes };
    asked.replyTo.tell({ type: "sourceSealed", sourceId: asked.sourceId, sealed: found });
    await scheduler.settle();
    return asked;
  };
  /** The newest order to a node. */
  const taken = (name: string) => {
    const asked = agentOf(name).all("takeSource").at(-1);
    if (asked === undefined) throw new Error(`${name} was told nothing`);
    return asked;
  };
  const register = (name: string, appointment?: number) => {
    const replyTo = createProbe<PolicyReply>();
    const registered = source({ node: parseNodeName(name) });
    scheduler.tell({
      type: "registerSource",
      source: registered,
      ...(appointment !== undefined && { appointment }),
      replyTo,
    });
    return replyTo;
  };
  /** It starts there. */
  const starts = (name: string) => {
    const { replyTo, appointment } = taken(name);
    register(name, appointment);
    replyTo.tell({ type: "done" });
  };
  const order = (hosting: Hosting = TWO, id?: string) => {
    const replyTo = createProbe<HostReply>();
    const definition = { ...REQUEST, ...(id !== undefined && { order: id }) };
    scheduler.tell({ type: "hostSource", definition, hosting, replyTo });
    return replyTo;
  };
  const report = () => {
    const replyTo = createProbe<ScheduledSources>();
    scheduler.tell({ type: "reportSources", replyTo });
    return replyTo.only("scheduledSources").hosted[CAM_1];
  };
  return { scheduler, trust, distributor, agentOf, join, sealed, taken, register, starts, order, report };
}

interface SetUp {
  readonly names?: readonly string[];
  readonly trust?: Trust;
}

async function captured(on: ReturnType<typeof setUp>, name = "edge-1") {
  const replyTo = on.order();
  await on.sealed();
  on.starts(name);
  return replyTo;
}

test("a source that several nodes may capture is given to the first one of them that is there, and whoever ordered it is told", async () => {
  const on = setUp();
  const replyTo = await captured(on);
  assert.equal(replyTo.only("sourceHosted"), { type: "sourceHosted", sourceId: CAM_1, node: EDGE_1 });
  assert.is(on.taken("edge-1").takeover, null, "it starts there");
  const { host, status, history } = on.report() ?? {};
  assert.equal([host, status, history?.length], [EDGE_1, "captured", 1]);
});

test("an order given again by its id, as its answer may be lost, is no other one: it is answered as it stands", async () => {
  const on = setUp();
  const lost = on.order(TWO, "order-1");
  const again = on.order(TWO, "order-1");
  const other = on.order(TWO, "order-2");
  assert.match(other.only("hostRefused").error.message, /ordered already/);
  await on.sealed();
  on.starts("edge-1");
  assert.equal(again.only("sourceHosted").node, EDGE_1);
  assert.is(on.order(TWO, "order-1").only("sourceHosted").node, EDGE_1);
  assert.is(lost.all("hostRefused").length, 0);
});

test("a host that is gone is waited for, then its source is sealed and goes on at another candidate, behind what is stored", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(1_900);
  assert.is(on.report()?.status, "awaited");
  assert.is(on.distributor.all("sealSource").length, 1, "that of the order");
  on.scheduler.advance(200);
  const position = { frame: 9, sourceUs: 9, ptsUs: 9, spacingUs: 1 };
  const { node: of, fromPosition } = await on.sealed({ position, lastTaskAtMs: 5, tasks: 10 });
  assert.equal([of, fromPosition], [EDGE_1, 7]);
  const { takeover } = on.taken("edge-2");
  assert.equal([takeover?.position, takeover?.lastTaskAtMs, takeover?.tasksBefore], [position, 5, 10]);
  on.starts("edge-2");
  assert.equal([on.report()?.host, on.report()?.status], [EDGE_2, "captured"]);
});

test("a host that is back in time keeps its source", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(1_500);
  on.join("edge-1");
  on.register("edge-1");
  on.scheduler.advance(10_000);
  assert.equal([on.report()?.host, on.report()?.status], [EDGE_1, "captured"]);
});

test("a host that is back without its source loses it", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.join("edge-1");
  on.scheduler.advance(2_100);
  await on.sealed();
  assert.ok(on.taken("edge-1").takeover !== null, "it is chosen again, and goes on behind what is stored");
});

test("a host that leaves in order ends its tasks first, and another one goes on at once", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1 });
  on.scheduler.advance(60_000);
  assert.is(on.report()?.status, "awaited");
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, suspended: true });
  await on.sealed();
  on.starts("edge-2");
  assert.is(on.report()?.host, EDGE_2);
});

test("a node that had a source before may not register it, and is told to end it", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  on.starts("edge-2");
  on.join("edge-1");
  assert.match(on.register("edge-1").only("policyRefused").error.message, /"edge-2" does/);
  assert.is(on.agentOf("edge-1").only("drainSource").sourceId, CAM_1);
  on.scheduler.advance(60_000);
  assert.is(on.report()?.host, EDGE_2, "it does not go back by itself");
});

test("a node that had a source before cannot go on with it either once it has ended elsewhere, but may start another one", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  on.starts("edge-2");
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_2 });
  assert.is(on.report(), undefined, "it has ended");
  on.join("edge-1");
  assert.match(on.register("edge-1").only("policyRefused").error.message, /it has ended/);
  assert.is(on.agentOf("edge-1").only("drainSource").sourceId, CAM_1);
  assert.is(on.trust.owners.holderOf(CAM_1), null);
  const replyTo = createProbe<PolicyReply>();
  on.scheduler.tell({ type: "registerSource", source: source({ node: EDGE_1 }), isNew: true, replyTo });
  assert.is(replyTo.only("policySet").sourceId, CAM_1);
  assert.is(on.trust.owners.holderOf(CAM_1), EDGE_1);
});

test("a node that no order names cannot register an ordered source, also while no node captures it, and is told nothing", async () => {
  const on = setUp({ names: ["cloud", "edge-3"] });
  const replyTo = on.order();
  await on.sealed();
  assert.is(replyTo.only("sourceHosted").node, null);
  assert.is(on.report()?.status, "waiting");
  assert.match(
    on.register("edge-3").only("policyRefused").error.message,
    /an operator has ordered who captures it/,
  );
  assert.equal(on.agentOf("edge-3").all("drainSource"), []);
  on.join("edge-2");
  await on.scheduler.settle();
  on.starts("edge-2");
  assert.is(on.report()?.host, EDGE_2, "it was waited for");
});

test("a candidate that refuses a source is passed over, and where all do the order is refused", async () => {
  const on = setUp();
  const replyTo = on.order();
  await on.sealed();
  on.taken("edge-1").replyTo.tell({ type: "refused", error: new Error("No such file") });
  await on.scheduler.settle();
  on.taken("edge-2").replyTo.tell({ type: "refused", error: new Error("Nor here") });
  await on.scheduler.settle();
  assert.match(replyTo.only("hostRefused").error.message, /"edge-2" last: Nor here/);
  assert.is(on.report(), undefined);
  assert.is(on.trust.owners.holderOf(CAM_1), null, "its name is free");
});

test("a source that its host cannot open goes to another candidate, and back once that is gone and it may be tried again", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, failed: true });
  await on.sealed();
  on.starts("edge-2");
  assert.is(on.report()?.host, EDGE_2);
  on.scheduler.tell({ type: "removeNode", node: EDGE_2, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  assert.is(on.report()?.status, "waiting");
  on.scheduler.advance(30_000);
  await on.scheduler.settle();
  on.starts("edge-1");
  assert.is(on.report()?.host, EDGE_1);
});

test("a source that its host cannot open stays ordered, although a host has opened it before: who that was is gone", async () => {
  const on = setUp();
  const native = { width: 640, height: 360, fps: 10 };
  await captured(on);
  on.scheduler.tell({ type: "sourceOpened", sourceId: CAM_1, node: EDGE_1, native });
  on.register("edge-1");
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, failed: true });
  await on.sealed();
  on.starts("edge-2");
  assert.is(on.report()?.host, EDGE_2);
  on.scheduler.tell({ type: "sourceOpened", sourceId: CAM_1, node: EDGE_2, native });
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_2, failed: true });
  assert.is(on.report(), undefined, "what fails while it is open has failed");
});

test("a source that cannot begin where it was ordered is ordered there again, as its node answers", async () => {
  const on = setUp({ names: ["cloud", "edge-1"] });
  on.order({ candidates: [EDGE_1], choice: "fixed" });
  await on.sealed();
  on.starts("edge-1");
  on.scheduler.tell({
    type: "sourceOpened",
    sourceId: CAM_1,
    node: EDGE_1,
    native: { width: 640, height: 360, fps: 10 },
  });
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  on.join("edge-1");
  await on.scheduler.settle();
  const { replyTo, appointment } = on.taken("edge-1");
  on.register("edge-1", appointment);
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, failed: true });
  const full = new SluiceError("The disk is full", { code: "store-unwritable", retry: "backoff" });
  replyTo.tell({ type: "refused", error: full });
  await on.scheduler.settle();
  on.scheduler.advance(1_100);
  await on.scheduler.settle();
  on.starts("edge-1");
  assert.is(on.report()?.host, EDGE_1);
});

test("a candidate that has no time for a source now is asked again at once, and not as late as one that cannot have it", async () => {
  const on = setUp({ names: ["cloud", "edge-1"] });
  const replyTo = on.order({ candidates: [EDGE_1], choice: "fixed" });
  await on.sealed();
  on.starts("edge-1");
  replyTo.only("sourceHosted");
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  on.join("edge-1");
  await on.scheduler.settle();
  const passing = new SluiceError("It is being started", { code: "source-invalid", retry: "backoff" });
  on.taken("edge-1").replyTo.tell({ type: "refused", error: passing });
  await on.scheduler.settle();
  assert.is(on.report()?.status, "waiting");
  on.scheduler.advance(1_100);
  await on.scheduler.settle();
  on.starts("edge-1");
  assert.is(on.report()?.host, EDGE_1);
});

test("a node that goes on by itself with a source may not once it is told to go on elsewhere in it", async () => {
  const on = setUp();
  on.order();
  await on.sealed();
  assert.match(on.register("edge-1").only("policyRefused").error.message, /"edge-1" does/);
  on.starts("edge-1");
  assert.is(on.register("edge-1").only("policySet").sourceId, CAM_1, "as after a restart");
});

test("a source that has ended is ordered no more, and its name is free", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1 });
  assert.is(on.report(), undefined);
  assert.is(on.trust.owners.holderOf(CAM_1), null);
});

test("a hub that starts again waits for the host that it had, and then has another one go on", async () => {
  const first = setUp();
  await captured(first);
  const on = setUp({ trust: first.trust, names: ["cloud", "edge-2"] });
  on.scheduler.advance(4_000);
  assert.is(on.report()?.status, "awaited");
  on.scheduler.advance(1_100);
  await on.sealed();
  on.starts("edge-2");
  assert.is(on.report()?.host, EDGE_2);
});

test("an operator ends an order: no other node takes the source over, and its host has it as its own", async () => {
  const on = setUp();
  await captured(on);
  const replyTo = createProbe<OrderReply>();
  on.scheduler.tell({ type: "endHosting", sourceId: CAM_1, replyTo });
  assert.is(replyTo.only("orderTaken").sourceId, CAM_1);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(10_000);
  assert.equal(on.agentOf("edge-2").all("takeSource"), []);
  assert.is(on.trust.owners.holderOf(CAM_1), EDGE_1);
});

test("who is not its host takes a hosted source from nobody: not by its name, an appointment that it guessed, or as if it ended it", async () => {
  const on = setUp({ names: ["cloud", "edge-1", "edge-2", "edge-3"] });
  await captured(on);
  const { appointment } = on.taken("edge-1");
  const isEdge1s = (when: string): void => {
    assert.equal([on.report()?.host, on.report()?.status], [EDGE_1, "captured"], when);
    assert.is(on.trust.owners.holderOf(CAM_1), EDGE_1, when);
  };
  // A candidate, and one that no order names.
  for (const name of ["edge-2", "edge-3"]) {
    const rogue = parseNodeName(name);
    for (const guess of [undefined, appointment, appointment + 1, 0, Number.MAX_SAFE_INTEGER])
      assert.ok(on.register(name, guess).only("policyRefused"), `${name} by ${guess ?? "nothing"}`);
    for (const ends of [{}, { suspended: true }, { failed: true }])
      on.scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: rogue, ...ends });
    on.scheduler.tell({
      type: "sourceOpened",
      sourceId: CAM_1,
      node: rogue,
      native: { width: 9, height: 9, fps: 9 },
    });
    on.scheduler.tell({ type: "removeNode", node: rogue });
    on.scheduler.advance(120_000);
    await on.scheduler.settle();
    isEdge1s(name);
  }
  assert.is(on.distributor.all("sealSource").length, 1, "nothing but the order has anything sealed");
});

test("a candidate that takes a source and captures nothing, or never answers, has it for a moment and no longer", async () => {
  for (const [answer, holdsMs] of [
    [{ type: "done" }, 2_100],
    [{ type: "nonsense" }, 2_100],
    [null, 2_100],
  ] as const) {
    const on = setUp();
    on.order();
    await on.sealed();
    on.taken("edge-1").replyTo.tell(answer as never);
    await on.scheduler.settle();
    on.scheduler.advance(holdsMs);
    await on.sealed();
    on.starts("edge-2");
    // What it says later, by the appointment that it was told, is too late.
    const { appointment } = on.taken("edge-1");
    assert.match(on.register("edge-1", appointment).only("policyRefused").error.message, /"edge-2" does/);
    assert.equal([on.report()?.host, on.report()?.status], [EDGE_2, "captured"]);
    on.scheduler.advance(120_000);
    assert.is(on.report()?.host, EDGE_2);
  }
});

test("a host of before that answers, or goes on, moves nobody: what it was asked last time is over", async () => {
  const on = setUp();
  on.order();
  await on.sealed();
  const { replyTo: late } = on.taken("edge-1");
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  late.tell({ type: "refused", error: new Error("late") });
  await on.scheduler.settle();
  on.starts("edge-2");
  on.join("edge-1");
  for (const answer of [{ type: "done" }, { type: "refused", error: new Error("twice") }] as const) {
    late.tell(answer);
    await on.scheduler.settle();
  }
  on.scheduler.advance(60_000);
  assert.equal([on.report()?.host, on.report()?.status], [EDGE_2, "captured"]);
});

test("why candidates cannot capture a source stays short enough to be told, whatever they say", async () => {
  const on = setUp();
  await captured(on);
  on.scheduler.tell({ type: "removeNode", node: EDGE_1, gone: true });
  on.scheduler.advance(2_100);
  await on.sealed();
  on.taken("edge-2").replyTo.tell({ type: "refused", error: new Error("x".repeat(1_000_000)) });
  await on.scheduler.settle();
  assert.is(on.report()?.status, "waiting");
  assert.ok((on.report()?.detail.length ?? 0) <= 4_096, `${on.report()?.detail.length ?? 0} characters`);
  const told = { type: "scheduledSources", sources: {}, hosted: { [CAM_1]: on.report() } };
  assert.ok(parseWith(SCHEDULED_SOURCES.schema, told).ok, "every operator can still be told");
});

test.run();
