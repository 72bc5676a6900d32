import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type {
  ChangesReported,
  PoliciesReported,
  ScheduledSources,
  PolicyReply,
  SchedulerEvent,
  SourceRemoved,
  VersionFreed,
  TableReported,
} from "../../../src/actors/protocol/scheduler.js";
import type { PlanMemoryPort } from "../../../src/actors/scheduler/plan-memory-port.js";
import type { PlanChange, RememberedPlan } from "../../../src/task/reports.js";
import type { SourceDescription, SourceOrders } from "../../../src/task/requests.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { edgeOnly } from "../../../src/scheduling/policies/edge-only.js";
import { bindPolicy, type BoundPolicy, type PolicyView } from "../../../src/scheduling/policy.js";
import type { NodeQuota } from "../../../src/actors/scheduler/admission.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import type { SchedulerOptions } from "../../../src/actors/scheduler/state.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, type SourceId } from "../../../src/task/identity.js";
import { pipelineDigest } from "../../../src/task/pipeline-digest.js";
import { stageKeyOf } from "../../../src/task/variants.js";
import { fold } from "../../support/fold.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { createProbe } from "../../support/probe.js";
import {
  CLOUD,
  DETECT,
  EDGE_1,
  EDGE_2,
  hop,
  node,
  outcome,
  PIPELINE,
  sample,
  source,
  twoStages,
} from "./cluster.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";

const CAM_1 = parseSourceId("cam-1");
const CAM_2 = parseSourceId("cam-2");
const EDGE_ONLY = { name: "edge-only", parameters: {} };

/** What `moody` takes for a decision, by the clock of the scheduler. */
let thinks = (): void => {};
/** Throws whenever its parameter says so. */
let failing = false;
const moody = bindPolicy({
  ...edgeOnly,
  name: "moody",
  parse(parameters: unknown): Record<string, never> {
    if (JSON.stringify(parameters).includes("bad")) throw new TypeError("parse fell over");
    return {};
  },
  decide(state, view) {
    if (failing) throw new Error("no idea");
    thinks();
    return edgeOnly.decide(state, view);
  },
});

/** Counts its decisions in its state. */
const counting = bindPolicy({
  name: "counting",
  parse: () => 0,
  start: (count: number) => count,
  decide: (count: number, view) => ({
    ...edgeOnly.decide(null, view),
    state: count + 1,
    why: { reason: "counted", inputs: { count: count + 1 } },
  }),
});

interface SetUp extends Partial<NodeQuota> {
  readonly term?: number;
  readonly sourcesMax?: number;
  readonly nodesMax?: number;
  readonly owners?: SchedulerOptions["owners"];
  readonly orders?: SourceOrders;
  readonly policies?: readonly BoundPolicy[];
  readonly memory?: PlanMemoryPort;
  readonly epoch?: number;
  readonly clock?: VirtualClock;
  readonly written?: () => Promise<void> | null;
}

/** Of every pipeline here: what is loaded when, other tests look into. */
const LOADED = [PIPELINE, twoStages(2), twoStages(1, "other")].flatMap((pipeline) =>
  pipeline.stages.map((stage) => stageKeyOf(pipeline, stage)),
);

function setUp(options: SetUp = {}) {
  failing = false;
  thinks = () => {};
  const listener = createProbe<SchedulerEvent>("sluice://cloud/listener");
  const retained = createSchedulerRetained(options.orders, options.memory);
  const behaviour = createScheduler(
    {
      term: options.term ?? 1,
      epoch: options.epoch ?? 0,
      fallback: CLOUD,
      decisions: createInlineDecisions(createPolicies([moody, counting, ...(options.policies ?? [])])),
      intervalMs: 1_000,
      moveLimits: {},
      nodesMax: options.nodesMax ?? 3,
      sourcesMax: options.sourcesMax ?? 3,
      sourcesPerNodeMax: options.sourcesPerNodeMax ?? 3,
      pipelinesPerNodeMax: options.pipelinesPerNodeMax ?? 3,
      owners: options.owners ?? createMemoryTrust().owners,
      ...(options.written && { written: options.written }),
      listener,
    },
    retained,
  );
  const { clock } = options;
  const scheduler = fold(behaviour, { address: "sluice://cloud/scheduler", ...(clock && { clock }) });
  const tables = (controller: ReturnType<typeof createProbe<ControllerMessage>>) =>
    controller.all("installTable").map(({ table }) => table);
  return {
    scheduler,
    listener,
    retained,
    published: () => listener.all("tablePublished"),
    table: () => retained.table,
    tables,
    placed: (id: SourceDescription["id"] = CAM_1) =>
      Object.fromEntries(retained.table?.sources.get(id)?.placement ?? []),
    join: (name: string, services?: readonly string[]) => {
      const controller = createProbe<ControllerMessage>(`sluice://${name}/controller`);
      scheduler.tell({ type: "registerNode", node: node(name, services), controller });
      scheduler.tell({ type: "stagesLoaded", node: parseNodeName(name), stages: LOADED });
      return controller;
    },
    register: (changes: Partial<SourceDescription> = {}) => {
      const replyTo = createProbe<PolicyReply>();
      scheduler.tell({ type: "registerSource", source: source(changes), replyTo });
      return replyTo;
    },
    setPolicy: (name: string, parameters: Record<string, unknown> = {}, sourceId = CAM_1) => {
      const replyTo = createProbe<PolicyReply>();
      scheduler.tell({ type: "setPolicy", sourceId, policy: { name, parameters }, replyTo });
      return replyTo;
    },
    acknowledge: (name: string, epoch: number) => {
      scheduler.tell({ type: "tableInstalled", node: parseNodeName(name), epoch });
    },
    explain: (sinceMs = 0) => {
      const replyTo = createProbe<ChangesReported>();
      scheduler.tell({ type: "reportChanges", sourceId: CAM_1, sinceMs, replyTo });
      return replyTo.only("changesReported");
    },
    report: () => {
      const replyTo = createProbe<TableReported>();
      scheduler.tell({ type: "reportTable", replyTo });
      return replyTo.only("tableReported");
    },
  };
}

test("scheduler publishes nothing before there is a source", () => {
  const { scheduler, join } = setUp();
  const cloud = join("cloud");
  scheduler.advance(5_000);
  assert.equal(cloud.received, []);
});

test("scheduler sends every node a table once a source is registered, on the control lane", () => {
  const { join, register, tables, published } = setUp();
  const nodes = [join("cloud"), join("edge-1")];
  register();
  for (const controller of nodes) {
    const [table] = tables(controller);
    assert.is(table?.term, 1);
    assert.is(table?.epoch, 1);
    assert.is(table?.fallback, CLOUD);
    assert.equal([...(table?.pipelines.keys() ?? [])], ["two@1"]);
    assert.equal(controller.lanes, ["control"]);
  }
  assert.equal(published(), [
    { type: "tablePublished", epoch: 1, reason: "source cam-1 registered", sources: [CAM_1] },
  ]);
});

test("scheduler publishes nothing at a tick that decides the same", () => {
  const { scheduler, join, register, published, acknowledge } = setUp();
  join("cloud");
  join("edge-1");
  register();
  acknowledge("cloud", 1);
  acknowledge("edge-1", 1);
  scheduler.advance(10_000);
  assert.is(published().length, 1);
});

test("scheduler publishes nothing for a source that registers again as it was", () => {
  const { join, register, published } = setUp();
  join("cloud");
  register();
  register();
  assert.is(published().length, 1);
});

test("scheduler gives a node that joins late the current table at once", () => {
  const { join, register, tables } = setUp();
  join("cloud");
  join("edge-1");
  register();
  assert.equal(
    tables(join("edge-2")).map(({ epoch }) => epoch),
    [1],
  );
});

test("scheduler decides again when a node joins that changes a placement", () => {
  const { scheduler, join, register, placed, table } = setUp();
  join("cloud");
  register();
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
  const edge = join("edge-1", ["detect"]);
  // Once it has said what it has loaded.
  scheduler.advance(20);
  assert.equal(placed(), { detect: ["edge-1"], track: ["cloud"] });
  assert.is(edge.all("installTable").at(-1)?.table, table());
});

test("scheduler decides again at once when a node leaves, and sends it nothing more", () => {
  const { scheduler, join, register, placed, tables } = setUp();
  join("cloud");
  const edge = join("edge-1");
  register();
  scheduler.tell({ type: "removeNode", node: EDGE_1 });
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
  scheduler.advance(20_000);
  assert.is(tables(edge).length, 1);
});

test("scheduler decides for registrations that wait together in one table", () => {
  const { scheduler, published } = setUp();
  const controller = createProbe<ControllerMessage>();
  // A batch, as a mailbox drains it: what the scheduler tells itself comes after what waits already.
  const told: unknown[] = [];
  const { self } = scheduler;
  const trigger = createProbe<PolicyReply>();
  const batch = {
    ...trigger,
    tell() {
      if (told.length > 0) return;
      told.push(1);
      self.tell({ type: "registerNode", node: node("edge-1"), controller });
      self.tell({ type: "registerSource", source: source({ id: CAM_2 }) });
    },
  };
  scheduler.tell({ type: "registerSource", source: source(), replyTo: batch });
  assert.is(published().length, 1);
  assert.equal(published()[0]?.sources, [CAM_1, CAM_2]);
  assert.is(published()[0]?.reason, "source cam-1 registered, node edge-1 joined, source cam-2 registered");
});

test("scheduler removes a source, and the pipeline that nobody uses any more", () => {
  const { scheduler, join, register, table } = setUp();
  join("cloud");
  register();
  register({ id: CAM_2, pipeline: twoStages(1, "other") });
  assert.equal([...(table()?.pipelines.keys() ?? [])], ["two@1", "other@1"]);
  scheduler.tell({ type: "removeSource", sourceId: CAM_2 });
  assert.equal([...(table()?.pipelines.keys() ?? [])], ["two@1"]);
  assert.equal([...(table()?.sources.keys() ?? [])], [CAM_1]);
});

test("scheduler leaves a source to the node that has it, also while that one is away, until it removes it", () => {
  const { scheduler, join, register, table } = setUp();
  join("cloud");
  join("edge-1");
  join("edge-2");
  register();
  const elsewhere = { node: parseNodeName("edge-2") };
  const { error } = register(elsewhere).only("policyRefused");
  assert.match(error.message, 'Cannot schedule source "cam-1" of node "edge-2" as node "edge-1" has one');
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, ...elsewhere });
  assert.ok(table()?.sources.has(CAM_1), "edge-2 has none to remove");
  scheduler.tell({ type: "removeNode", node: parseNodeName("edge-1") });
  assert.is(register(elsewhere).all("policyRefused").length, 1);
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: parseNodeName("edge-1") });
  assert.is(register(elsewhere).all("policySet").length, 1);
});

test("scheduler confirms a name once it is durable, and takes it back where it cannot be written", async () => {
  let written: (() => void) | null = null;
  let failed: ((error: Error) => void) | null = null;
  const { scheduler, join, register, table } = setUp({
    written: () =>
      new Promise((resolve, reject) => {
        written = resolve;
        failed = reject;
      }),
  });
  for (const name of ["cloud", "edge-1"]) join(name);
  const first = register();
  assert.equal(first.received, []);
  (written as (() => void) | null)?.();
  await scheduler.settle();
  first.only("policySet");
  const second = register({ id: CAM_2 });
  (failed as ((error: Error) => void) | null)?.(new Error("the disk is full"));
  await scheduler.settle();
  const { error } = second.only("policyRefused");
  assert.match(
    error.message,
    /^Cannot register source "cam-2" as it cannot be written whose it is: the disk is full$/,
  );
  assert.equal([...(table()?.sources.keys() ?? [])], [CAM_1]);
  // The name is its own, and what runs does not end as something else cannot be written now.
  register().only("policySet");
  const replyTo = createProbe<PolicyReply>();
  scheduler.tell({ type: "registerSource", source: source({ id: CAM_2 }), runs: true, replyTo });
  assert.equal(replyTo.received, []);
});

test("scheduler refuses a source that is announced under another node's name, and not for its policy", () => {
  const { scheduler, join, register } = setUp();
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  register();
  const announce = (changes: Partial<SourceDescription>) => {
    const replyTo = createProbe<PolicyReply>();
    scheduler.tell({ type: "registerSource", source: source(changes), runs: true, replyTo });
    return replyTo;
  };
  const taken = announce({ node: EDGE_2 }).only("policyRefused");
  assert.match(taken.error.message, 'as node "edge-1" has one of that name');
  assert.equal(announce({ policy: { name: "moody", parameters: { bad: true } } }).received, []);
});

test("scheduler changes nothing where it refuses the policy of a source: its node keeps the name that it has", () => {
  const { scheduler, join, register, table } = setUp();
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  register();
  const before = table();
  const replyTo = createProbe<PolicyReply>();
  const wrong = { name: "fixed", parameters: { placement: { detect: "nowhere" } } };
  scheduler.tell({ type: "registerSource", source: source({ policy: wrong }), isNew: true, replyTo });
  replyTo.only("policyRefused");
  assert.equal(table(), before);
  const elsewhere = { node: parseNodeName("edge-2") };
  assert.match(
    register(elsewhere).only("policyRefused").error.message,
    'as node "edge-1" has one of that name',
  );
  const other = source({ id: CAM_2, policy: wrong });
  scheduler.tell({ type: "registerSource", source: other, isNew: true, replyTo });
  register({ id: CAM_2, ...elsewhere }).only("policySet");
});

test("scheduler keeps the name of a source that was suspended for its node, which goes on with it", () => {
  const { scheduler, join, register } = setUp();
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  register();
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, suspended: true });
  const elsewhere = { node: parseNodeName("edge-2") };
  assert.match(
    register(elsewhere).only("policyRefused").error.message,
    'as node "edge-1" has one of that name',
  );
  register().only("policySet");
});

test("scheduler gives one node so many sources and pipelines and no more, and others theirs all the same", () => {
  const { join, register, table } = setUp({ sourcesMax: 10, sourcesPerNodeMax: 2, pipelinesPerNodeMax: 1 });
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  register();
  const second = register({ id: CAM_2, pipeline: twoStages(2) });
  assert.match(second.only("policyRefused").error.message, "walk 1 pipelines already");
  register({ id: CAM_2 });
  const third = register({ id: parseSourceId("cam-3") });
  assert.match(third.only("policyRefused").error.message, 'node "edge-1" has 2 already');
  register({ id: CAM_1 }).only("policySet");
  register({ id: parseSourceId("cam-3"), node: parseNodeName("edge-2") }).only("policySet");
  assert.is(table()?.sources.size, 3);
});

test("scheduler moves past no epoch and no term that cannot be, and not again and again for one node", () => {
  const { scheduler, join, register, table } = setUp();
  join("edge-1");
  register();
  const refused = (heldEpoch: number, heldTerm: number): void =>
    scheduler.tell({
      type: "tableRefused",
      node: EDGE_1,
      epoch: table()?.epoch ?? 0,
      heldEpoch,
      heldTerm,
    });
  for (const [heldEpoch, heldTerm] of [
    [2 ** 48, 1],
    [Number.MAX_SAFE_INTEGER, 1],
    [1, 2 ** 48],
  ] as const) {
    refused(heldEpoch, heldTerm);
    assert.equal([table()?.epoch, table()?.term], [1, 1]);
  }
  // Whoever is believed nothing more is sent nothing, until it registers again.
  for (let time = 0; time < 100; time++) refused((table()?.epoch ?? 0) + 1, 1);
  assert.ok((table()?.epoch ?? 0) < 20, `epoch ${table()?.epoch}`);
});

test("scheduler sends a node that registers all the time its table no more often than one that is silent", () => {
  const { scheduler, join, register, published } = setUp();
  const edge = join("edge-1");
  register();
  const before = published().length;
  for (let time = 0; time < 1_000; time++) {
    scheduler.tell({ type: "registerNode", node: node("edge-1"), controller: edge });
    scheduler.advance(1);
  }
  assert.is(published().length, before);
  assert.ok(edge.all("installTable").length <= 4, `${edge.all("installTable").length} tables`);
});

test("scheduler frees a source for an operator, also one that a node held under a scheduler before it", () => {
  const { owners } = createMemoryTrust();
  owners.claim(CAM_1, parseNodeName("edge-1"), { nowMs: 0, pipeline: "default@1", digest: "" });
  const { scheduler, join, register } = setUp({ owners });
  join("cloud");
  join("edge-2");
  const elsewhere = { node: parseNodeName("edge-2") };
  register(elsewhere).only("policyRefused");
  const replyTo = createProbe<SourceRemoved>();
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, ...elsewhere, replyTo });
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, replyTo });
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, replyTo });
  const removed = replyTo.all("sourceRemoved").map((reply) => reply.node);
  assert.equal(removed, [null, parseNodeName("edge-1"), null]);
  register(elsewhere).only("policySet");
});

test("what an operator set holds when the node registers its source again, until it is started anew or has ended", () => {
  const { scheduler, join, register, setPolicy, placed } = setUp();
  const again = { type: "registerSource", source: source({ policy: EDGE_ONLY }) } as const;
  const leaveAndReturn = () => {
    scheduler.tell({ type: "removeNode", node: EDGE_1 });
    join("edge-1");
    scheduler.tell(again);
    return placed();
  };
  join("cloud");
  join("edge-1");
  register({ policy: EDGE_ONLY });
  setPolicy("cloud-only");
  assert.equal(leaveAndReturn(), { detect: ["cloud"], track: ["cloud"] });
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1, suspended: true });
  assert.equal(leaveAndReturn(), { detect: ["cloud"], track: ["cloud"] });
  scheduler.tell({ ...again, isNew: true });
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  setPolicy("cloud-only");
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1 });
  assert.equal(leaveAndReturn(), { detect: ["edge-1"], track: ["edge-1"] });
});

test("what an operator set is kept as a policy has it, whatever came with it", () => {
  const { orders } = createMemoryTrust();
  const { scheduler, join, register } = setUp({ orders });
  join("cloud");
  join("edge-1");
  register({ policy: EDGE_ONLY });
  const policy = Object.assign({ name: "cloud-only", parameters: {} }, { extra: 5n });
  scheduler.tell({ type: "setPolicy", sourceId: CAM_1, policy });
  assert.equal(orders.get(CAM_1), { policy: { name: "cloud-only", parameters: {} } });
});

test("what an operator set holds under a scheduler that starts anew over the same trust", () => {
  const { orders } = createMemoryTrust();
  const first = setUp({ orders });
  first.join("cloud");
  first.join("edge-1");
  first.register({ policy: EDGE_ONLY });
  first.setPolicy("cloud-only");
  const second = setUp({ orders, term: 2 });
  second.join("cloud");
  second.join("edge-1");
  second.register({ policy: EDGE_ONLY });
  assert.equal(second.placed(), { detect: ["cloud"], track: ["cloud"] });
});

test("a node that a policy names and that has not joined is refused at the start of a source, and not when it goes on", () => {
  const { scheduler, join } = setUp();
  join("cloud");
  join("edge-1");
  const policy = { name: "fixed", parameters: { placement: { detect: "edge-11" } } };
  const replyTo = createProbe<PolicyReply>();
  scheduler.tell({ type: "registerSource", source: source({ policy }), isNew: true, replyTo });
  const { error } = replyTo.only("policyRefused");
  assert.match(
    error.message,
    'on node "edge-11" as it has not joined (did you mean "edge-1"?): the nodes are cloud, edge-1',
  );
  scheduler.tell({ type: "registerSource", source: source({ policy }), replyTo });
  replyTo.only("policySet");
});

test("scheduler carries every version of a pipeline that a source walks", () => {
  const { join, register, table } = setUp();
  join("cloud");
  register();
  const newer = twoStages(2);
  register({ id: CAM_2, pipeline: newer });
  assert.equal([...(table()?.pipelines.keys() ?? [])], ["two@1", "two@2"]);
  const versions = [...(table()?.sources.values() ?? [])].map((route) => route.pipelineVersion);
  assert.equal(versions, [1, 2]);
  register({ id: CAM_1, pipeline: newer });
  assert.equal([...(table()?.pipelines.keys() ?? [])], ["two@2"]);
});

test("scheduler refuses a source whose pipeline differs from another's of the same name and version", () => {
  const { join, register, table } = setUp();
  join("cloud");
  register();
  const same = register({ id: CAM_2, pipeline: structuredClone(PIPELINE) });
  assert.is(same.only("policySet").sourceId, CAM_2);
  const other = { ...PIPELINE, joinTimeoutMs: PIPELINE.joinTimeoutMs + 1 };
  const { error } = register({ id: parseSourceId("cam-3"), pipeline: other }).only("policyRefused");
  assert.match(error.message, 'as version 1 of pipeline "two" is another one of node "edge-1"');
  assert.is(table()?.sources.size, 2);
  assert.is(register({ id: CAM_2, pipeline: twoStages(2) }).all("policySet").length, 1);
});

test("scheduler keeps which pipeline a version is for the node that registered it first, until an operator frees it", () => {
  const { owners } = createMemoryTrust();
  // Under a scheduler before this one.
  const digest = pipelineDigest(PIPELINE);
  owners.claim(CAM_1, parseNodeName("edge-1"), { nowMs: 0, pipeline: "two@1", digest });
  const { scheduler, join, register, table } = setUp({ owners });
  join("cloud");
  const other = { ...PIPELINE, joinTimeoutMs: PIPELINE.joinTimeoutMs + 1 };
  const squatter = { id: parseSourceId("squatter"), node: parseNodeName("edge-2"), pipeline: other };
  assert.match(register(squatter).only("policyRefused").error.message, 'is another one of node "edge-1"');
  assert.is(owners.holderOf(squatter.id), null);
  register().only("policySet");
  assert.equal(table()?.pipelines.get("two@1"), PIPELINE);
  // Its own node may change it once nobody walks it, and nobody else.
  scheduler.tell({ type: "removeSource", sourceId: CAM_1, node: EDGE_1 });
  register(squatter).only("policyRefused");
  const replyTo = createProbe<VersionFreed>();
  const free = (version: number) =>
    scheduler.tell({ type: "freeVersion", pipelineId: PIPELINE.id, version, replyTo });
  for (const version of [2, 1, 1]) free(version);
  assert.equal(
    replyTo.all("versionFreed").map((reply) => reply.node),
    [null, EDGE_1, null],
  );
  register(squatter).only("policySet");
  register().only("policyRefused");
});

test("scheduler keeps what each node acknowledged, and reports how long it took", () => {
  const { scheduler, join, register, acknowledge, listener, report } = setUp();
  join("cloud");
  join("edge-1");
  register();
  scheduler.advance(30);
  acknowledge("edge-1", 1);
  assert.equal(listener.only("tableAcknowledged"), {
    type: "tableAcknowledged",
    epoch: 1,
    node: EDGE_1,
    afterMs: 30,
  });
  assert.equal(report().acknowledged, { cloud: 0, "edge-1": 1 });
});

test("scheduler believes no acknowledgement of an epoch that it never sent", () => {
  const { join, register, acknowledge, report } = setUp();
  join("cloud");
  register();
  acknowledge("cloud", 7);
  acknowledge("edge-9", 1);
  assert.equal(report().acknowledged, { cloud: 0 });
});

test("scheduler sends a table again, ever more slowly, until it is acknowledged", () => {
  const { scheduler, join, register, tables, acknowledge } = setUp();
  const edge = join("edge-1");
  register();
  const sentAfterMs: number[] = [];
  for (let ms = 100; ms <= 8_000; ms += 100) {
    const before = tables(edge).length;
    scheduler.advance(100);
    if (tables(edge).length > before) sentAfterMs.push(ms);
  }
  assert.equal(sentAfterMs, [500, 1_500, 3_500, 7_500]);
  acknowledge("edge-1", 1);
  scheduler.advance(60_000);
  assert.is(tables(edge).length, 5);
});

test("scheduler goes beyond the epoch that a node holds, and publishes again", () => {
  const { scheduler, join, register, table, tables } = setUp();
  const edge = join("edge-1");
  register();
  scheduler.tell({ type: "tableRefused", node: EDGE_1, epoch: 1, heldEpoch: 41, heldTerm: 0 });
  assert.is(table()?.epoch, 42);
  assert.is(tables(edge).at(-1)?.epoch, 42);
});

test("scheduler goes beyond the term that a node holds, as its clock may have been set back", () => {
  const { scheduler, join, register, table, tables } = setUp();
  const edge = join("edge-1");
  register();
  const before = table()?.term ?? 0;
  scheduler.tell({ type: "tableRefused", node: EDGE_1, epoch: 1, heldEpoch: 1, heldTerm: before + 7 });
  assert.equal([table()?.term, table()?.epoch], [before + 8, 2]);
  assert.is(tables(edge).at(-1)?.epoch, 2);
});

test("scheduler leaves a node alone that refuses its table for what it is", () => {
  const { scheduler, join, register, tables, setPolicy } = setUp();
  const edge = join("edge-1");
  const cloud = join("cloud");
  register();
  scheduler.tell({ type: "tableRefused", node: EDGE_1, epoch: 1, heldEpoch: 0, heldTerm: 0 });
  const [before, others] = [tables(edge).length, tables(cloud).length];
  setPolicy("cloud-only");
  scheduler.advance(60_000);
  assert.is(tables(edge).length, before);
  assert.ok(tables(cloud).length > others);
  scheduler.tell({ type: "registerNode", node: node("edge-1"), controller: edge });
  scheduler.advance(0);
  assert.is(tables(edge).length, before + 1);
});

test("scheduler swaps a policy live", () => {
  const { join, register, setPolicy, placed, table } = setUp();
  join("cloud");
  join("edge-1");
  register();
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  assert.equal(setPolicy("cloud-only").received, [{ type: "policySet", sourceId: CAM_1 }]);
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
  setPolicy("fixed", { configuration: { fps: 2 }, placement: { detect: "edge-1" } });
  assert.equal(placed(), { detect: ["edge-1"], track: ["cloud"] });
  assert.is(table()?.sources.get(CAM_1)?.configuration.fps, 2);
  assert.is(table()?.epoch, 3);
});

for (const { name, parameters, sourceId, part } of [
  { name: "nonsense", parameters: {}, sourceId: CAM_1, part: "nonsense" },
  { name: "dynamic", parameters: { dwellMsMin: -1 }, sourceId: CAM_1, part: "dwellMsMin" },
  { name: "fixed", parameters: { placement: { detect: "edge-9" } }, sourceId: CAM_1, part: "edge-9" },
  { name: "moody", parameters: { bad: true }, sourceId: CAM_1, part: "parse fell over" },
  { name: "cloud-only", parameters: {}, sourceId: CAM_2, part: "cam-2" },
]) {
  test(`scheduler refuses ${name} ${JSON.stringify(parameters)} for ${sourceId}, and the one in force stays`, () => {
    const { scheduler, join, register, setPolicy, placed, published } = setUp();
    join("cloud");
    join("edge-1");
    register();
    const { error } = setPolicy(name, parameters, sourceId).only("policyRefused");
    assert.match(error.message, part);
    scheduler.advance(2_000);
    assert.is(published().length, 1);
    assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  });
}

test("scheduler runs a source that is announced with a policy that it refuses as nodes do before any table", () => {
  const { scheduler, join, placed } = setUp();
  join("cloud");
  join("edge-1", ["detect"]);
  const policy = { name: "nonsense", parameters: {} };
  scheduler.tell({ type: "registerSource", source: source({ policy }) });
  assert.equal(placed(), { detect: ["edge-1"], track: ["cloud"] });
});

test("scheduler refuses a source whose configuration is out of range", () => {
  const { join, register, table } = setUp();
  join("cloud");
  const reply = register({ configuration: { ...DEFAULT_CONFIGURATION, fps: 0 } });
  assert.match(reply.only("policyRefused").error.message, "fps");
  assert.is(table(), null);
});

test("scheduler refuses sources and nodes beyond its limits", () => {
  const { join, register, table, tables } = setUp({ sourcesMax: 1 });
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  register();
  assert.match(register({ id: CAM_2 }).only("policyRefused").error.message, "1 already");
  assert.is(table()?.sources.size, 1);
  assert.equal(tables(join("edge-3")), []);
});

test("scheduler shows a policy plain data that can be copied, with every source and its plan", () => {
  const seen: PolicyView[] = [];
  const watching = bindPolicy({
    ...edgeOnly,
    name: "watching",
    parse: () => null,
    decide(state, view) {
      seen.push(structuredClone(view));
      return edgeOnly.decide(state, view);
    },
  });
  const { scheduler, join, register } = setUp({ policies: [watching] });
  join("cloud");
  join("edge-1");
  const native = { width: 1_920, height: 1_080, fps: 25 };
  register({ policy: { name: "watching", parameters: {} }, native });
  register({ id: CAM_2, node: EDGE_1, slo: { latencyMs: 100, percentile: 95, yields: "detail" } });
  const late = outcome(0, { settledAtMs: 150, delivery: 2, hops: [hop("detect", "edge-1", { epoch: 2 })] });
  scheduler.tell({ type: "taskSettled", outcome: { ...late, id: { ...late.id, sourceId: CAM_2 } } });
  scheduler.advance(1_000);
  const last = seen.at(-1);
  assert.equal(last?.native, native);
  const other = last?.sources.get(CAM_2);
  assert.is(other?.policy, "edge-only");
  assert.is(other?.inTimeShare, 0);
  assert.equal(other?.plan?.placement.get(DETECT), ["edge-1"]);
  assert.ok((other?.need?.mbps ?? 0) > 50);
  assert.is(last?.sources.get(CAM_1)?.inTimeShare, null);
});

test("scheduler keeps the last good plan of a policy that throws, less a node that is gone", () => {
  const { scheduler, join, register, placed, report, published } = setUp();
  join("cloud");
  join("edge-1");
  register({ policy: { name: "moody", parameters: {} } });
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  failing = true;
  scheduler.advance(3_000);
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  assert.is(published().length, 1);
  assert.is(report().overhead.failures, 3);
  assert.match(report().explanations["cam-1"]?.reason ?? "", '"moody" failed');
  const replyTo = createProbe<PoliciesReported>();
  scheduler.tell({ type: "reportPolicies", replyTo });
  const [fence] = replyTo.only("policiesReported").fences;
  assert.equal([fence?.policy, fence?.source, fence?.kind, fence?.strikes], ["moody", "cam-1", "threw", 3]);
  scheduler.tell({ type: "removeNode", node: EDGE_1 });
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
});

test("scheduler places a source whose policy throws from the start", () => {
  const { join, register, placed } = setUp();
  join("cloud");
  join("edge-1");
  failing = true;
  register({ policy: { name: "moody", parameters: {} } });
  register({ id: CAM_2 });
  assert.equal(placed(CAM_1), { detect: ["edge-1"], track: ["edge-1"] });
  assert.equal(placed(CAM_2), { detect: ["edge-1"], track: ["edge-1"] });
});

test("scheduler asks a policy that takes too long no more for a while, longer each time, and keeps the plan", () => {
  const { scheduler, join, register, placed, report } = setUp();
  join("cloud");
  join("edge-1");
  register({ policy: { name: "moody", parameters: {} } });
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  const askedAtMs: number[] = [];
  thinks = () => {
    askedAtMs.push(scheduler.clock.monotonic());
    scheduler.clock.advance(300);
  };
  for (let second = 0; second < 60; second++) scheduler.advance(1_000);
  const waitedMs = askedAtMs.slice(1).map((atMs, index) => atMs - (askedAtMs[index] ?? 0));
  assert.is(waitedMs.length, 2, JSON.stringify(askedAtMs));
  assert.ok((waitedMs[0] ?? 0) >= 10_000 && (waitedMs[1] ?? 0) >= 20_000, JSON.stringify(waitedMs));
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  assert.match(report().explanations["cam-1"]?.reason ?? "", "longer than 200 ms");
  const replyTo = createProbe<ScheduledSources>();
  register({ id: CAM_2 });
  scheduler.tell({ type: "reportSources", replyTo });
  const { sources } = replyTo.only("scheduledSources");
  assert.match(sources["cam-1"]?.fenced ?? "", "longer than 200 ms");
  assert.is(sources["cam-2"]?.fenced, null);
  assert.is(report().overhead.failures, 3);
  thinks = () => {};
  for (let second = 0; second < 60; second++) scheduler.advance(1_000);
  assert.match(report().explanations["cam-1"]?.reason ?? "", "source's node");
});

test("scheduler goes on with the state of a policy after its restart, and when the node comes back", () => {
  const { scheduler, join, register, report } = setUp();
  join("cloud");
  join("edge-1");
  register({ policy: { name: "counting", parameters: {} } });
  const count = () => report().explanations["cam-1"]?.inputs["count"];
  scheduler.advance(3_000);
  assert.is(count(), 4);
  scheduler.restart();
  assert.is(count(), 5);
  register({ policy: { name: "counting", parameters: {} } });
  assert.is(count(), 6);
  register({ policy: { name: "counting", parameters: { other: true } } });
  assert.is(count(), 1, "it has other parameters now");
});

test("scheduler remembers each change of a plan with the terms that made it, over its restart, and no more than 64", () => {
  const { scheduler, join, register, setPolicy, explain } = setUp();
  join("cloud");
  join("edge-1");
  assert.is(explain().now, null);
  register();
  scheduler.advance(1_000);
  const sinceMs = scheduler.clock.now();
  setPolicy("dynamic");
  scheduler.restart();
  const { changes, now } = explain();
  assert.equal(
    changes.map(({ policy, epoch, placement }) => [policy, epoch, placement["detect"]?.[0]]),
    [
      ["edge-only", 1, "edge-1"],
      ["dynamic", 2, "cloud"],
    ],
  );
  assert.match(changes[1]?.why.reason ?? "", "unknown");
  assert.ok(Number(changes[1]?.why.inputs["needMbps"]) > 50);
  assert.match(now?.reason ?? "", "unknown");
  assert.equal(
    explain(sinceMs).changes.map(({ epoch }) => epoch),
    [2],
  );
  for (let time = 0; time < 50; time++) {
    setPolicy("edge-only");
    setPolicy("cloud-only");
  }
  assert.is(explain().changes.length, 64);
  scheduler.tell({ type: "removeSource", sourceId: CAM_1 });
  assert.equal(explain(), {
    type: "changesReported",
    sourceId: CAM_1,
    now: null,
    changes: [],
    shadow: null,
    hosting: null,
  });
});

/** A memory as a hub's store has it, for one hub after the other. */
function createMemory(): PlanMemoryPort {
  const plans = new Map<SourceId, RememberedPlan>();
  const changes = new Map<SourceId, PlanChange[]>();
  return {
    recall: (id) => plans.get(id) ?? null,
    remember: (id, plan) => void plans.set(id, structuredClone(plan)),
    forget: (id) => void plans.delete(id),
    failures: new Map(),
    changes: {
      add: (id, change) => void changes.set(id, [...(changes.get(id) ?? []), change]),
      since: (id, sinceMs) => Promise.resolve((changes.get(id) ?? []).filter(({ atMs }) => atMs >= sinceMs)),
    },
  };
}

test("scheduler of a hub that starts again goes on with plans and with what policies have learned, once nodes are back", async () => {
  const memory = createMemory();
  const policy = { name: "counting-2", parameters: {} };
  const far = bindPolicy({
    name: "counting-2",
    parse: () => 0,
    start: (count: number) => count,
    decide: (count: number, { source: { configuration, pipeline } }) => ({
      state: count + 1,
      plan: { configuration, placement: new Map(pipeline.stages.map(({ id }) => [id, [EDGE_2]])) },
      why: { reason: "counted", inputs: { count } },
    }),
  });
  const before = setUp({ memory, policies: [far] });
  for (const name of ["cloud", "edge-1", "edge-2"]) before.join(name);
  before.register({ policy });
  before.scheduler.advance(3_000);
  assert.equal(before.placed(), { detect: ["edge-2"], track: ["edge-2"] });

  const after = setUp({ memory, policies: [far], term: 2, epoch: 1_000 });
  after.join("cloud");
  after.join("edge-1");
  after.register({ policy });
  assert.equal(after.placed(), { detect: ["edge-2"], track: ["edge-2"] }, "its node is on its way");
  assert.is(after.published().length, 1);
  after.join("edge-2");
  after.scheduler.advance(1_000);
  assert.equal(after.placed(), { detect: ["edge-2"], track: ["edge-2"] });
  assert.is(after.published().length, 2, "it is the same plan, and its stages are loaded now");
  assert.is(after.report().explanations["cam-1"]?.inputs["count"], 5);
  const replyTo = createProbe<ChangesReported>();
  after.scheduler.tell({ type: "reportChanges", sourceId: CAM_1, sinceMs: 0, replyTo });
  await after.scheduler.settle();
  assert.equal(
    replyTo.only("changesReported").changes.map(({ epoch }) => epoch),
    [1],
  );

  const lost = setUp({ memory, policies: [far], term: 3, epoch: 2_000 });
  lost.join("cloud");
  lost.join("edge-1");
  lost.register({ policy });
  lost.scheduler.advance(6_000);
  assert.equal(lost.placed(), { detect: ["cloud"], track: ["cloud"] }, "its node has not come back");
  lost.scheduler.tell({ type: "removeSource", sourceId: CAM_1 });
  assert.is(memory.recall(CAM_1), null);
});

/** The clock of a process that starts then: its monotonic time begins at 0. */
class ProcessClock extends VirtualClock {
  readonly #startedMs: number;
  constructor(startedMs: number) {
    super(startedMs);
    this.#startedMs = startedMs;
  }
  override monotonic(): number {
    return super.now() - this.#startedMs;
  }
  override epochMs(): number {
    return this.#startedMs;
  }
}

test("scheduler of a hub that starts again shows policies a time that has gone on: what they wait for is not put off by its uptime", () => {
  const DAY_MS = 86_400_000;
  const startedAtMs = 1_700_000_000_000;
  const policy = { name: "waiting", parameters: {} };
  const waiting = bindPolicy({
    name: "waiting",
    parse: () => 0,
    start: (): number => 0,
    decide: (decidedAtMs: number, view) => ({
      ...edgeOnly.decide(null, view),
      state: view.nowMs,
      why: { reason: "waited", inputs: { sinceMs: view.nowMs - decidedAtMs } },
    }),
  });
  const memory = createMemory();
  const begin = (atMs: number, term: number) => {
    const hub = setUp({ memory, policies: [waiting], term, clock: new ProcessClock(atMs) });
    hub.join("cloud");
    hub.join("edge-1");
    return hub;
  };
  const before = begin(startedAtMs, 1);
  before.scheduler.advance(DAY_MS);
  before.register({ policy });
  const after = begin(startedAtMs + DAY_MS + 60_000, 2);
  after.register({ policy });
  assert.is(after.report().explanations["cam-1"]?.inputs["sinceMs"], 60_000);
});

test("scheduler of a hub that starts again keeps no plan of another pipeline, nor of a source that is started anew", () => {
  const memory = createMemory();
  const before = setUp({ memory });
  before.join("cloud");
  before.join("edge-1");
  before.register({ policy: { name: "cloud-only", parameters: {} } });
  const other = setUp({ memory, term: 2 });
  other.join("cloud");
  other.join("edge-1");
  other.register({ pipeline: twoStages(2) });
  assert.equal(other.placed(), { detect: ["edge-1"], track: ["edge-1"] });
  const anew = setUp({ memory, term: 3 });
  anew.join("cloud");
  anew.join("edge-1");
  anew.scheduler.tell({ type: "registerSource", source: source({ policy: EDGE_ONLY }), isNew: true });
  assert.equal(anew.placed(), { detect: ["edge-1"], track: ["edge-1"] });
});

test("scheduler keeps what a second policy would do beside the one in force, and what is expected of both, and does not do it", () => {
  const { scheduler, join, register, placed, published, explain } = setUp();
  join("cloud");
  join("edge-1");
  const shadow = { name: "cloud-only", parameters: {} };
  register({ policy: { ...EDGE_ONLY, shadow }, slo: { latencyMs: 500, percentile: 95, yields: "detail" } });
  scheduler.advance(2_000);
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  assert.is(published().length, 1);
  const told = explain().shadow;
  assert.is(told?.policy, "cloud-only");
  assert.equal(told?.placement, { detect: ["cloud"], track: ["cloud"] });
  assert.is(told?.inForce?.crossingMbps, 0);
  assert.ok((told?.own?.crossingMbps ?? 0) > 50);
  assert.ok((told?.own?.missShare ?? 0) > (told?.inForce?.missShare ?? 1));
});

test("scheduler lets a second policy that throws change nothing, and none be set that cannot be", () => {
  const { scheduler, join, register, placed, report, explain } = setUp();
  join("cloud");
  join("edge-1");
  const beside = (name: string) => ({ policy: { ...EDGE_ONLY, shadow: { name, parameters: {} } } });
  assert.match(register(beside("clod-only")).only("policyRefused").error.message, "clod-only");
  failing = true;
  register(beside("moody"));
  scheduler.advance(5_000);
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
  assert.is(report().overhead.failures, 0);
  assert.match(explain().shadow?.why.reason ?? "", "no idea");
});

test("scheduler decides by samples and outcomes at the next tick", () => {
  const { scheduler, join, register, placed, published } = setUp();
  join("cloud");
  join("edge-1");
  register({ policy: { name: "dynamic", parameters: { dwellMsMin: 0 } } });
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
  // 1 MB in 8 s is 1 Mbit/s, and the source makes 55.
  const hops = [hop("detect", "cloud", { sentAtMs: 0, enqueuedAtMs: 8_000 })];
  scheduler.tell({ type: "taskSettled", outcome: outcome(0, { hops }) });
  scheduler.tell({ type: "resourcesSampled", sample: sample("edge-1") });
  assert.is(published().length, 1);
  scheduler.advance(1_000);
  assert.equal(placed()["detect"], ["edge-1", "cloud"]);
  assert.is(published().length, 2);
  assert.is(published()[1]?.reason, "interval");
});

test("scheduler counts what cannot count: unknown nodes and sources, and a sample out of date", () => {
  const { scheduler, join } = setUp();
  join("edge-1");
  scheduler.tell({ type: "resourcesSampled", sample: sample("edge-9") });
  scheduler.tell({ type: "taskSettled", outcome: outcome(0) });
  scheduler.tell({ type: "removeSource", sourceId: CAM_1 });
  scheduler.tell({ type: "resourcesSampled", sample: sample("edge-1", { atMs: 20, cpuShare: 1 }) });
  scheduler.tell({ type: "resourcesSampled", sample: sample("edge-1", { atMs: 10 }) });
  assert.is(scheduler.state().ignored, 4);
  assert.is(scheduler.state().nodes.get(EDGE_1)?.sample?.cpuShare, 1);
});

test("scheduler keeps registrations and epoch over a restart, and sends its table again", () => {
  const { scheduler, join, register, table, tables, setPolicy, placed } = setUp();
  join("cloud");
  const edge = join("edge-1");
  register();
  setPolicy("cloud-only");
  assert.is(table()?.epoch, 2);
  const before = tables(edge).length;
  scheduler.restart();
  assert.is(tables(edge).length, before + 1);
  assert.is(table()?.epoch, 2);
  assert.equal(placed(), { detect: ["cloud"], track: ["cloud"] });
  // With its answer to the table each node says again what it has loaded.
  for (const of of ["cloud", "edge-1"]) {
    scheduler.tell({ type: "stagesLoaded", node: parseNodeName(of), stages: LOADED });
  }
  assert.is(table()?.epoch, 2);
  setPolicy("edge-only");
  assert.is(tables(edge).at(-1)?.epoch, 3);
  assert.equal(placed(), { detect: ["edge-1"], track: ["edge-1"] });
});

test("scheduler reports its table, why each source is decided so, and what deciding costs", () => {
  const { scheduler, join, register, report, table } = setUp();
  join("cloud");
  register();
  scheduler.advance(1_000);
  const reported = report();
  assert.is(reported.table, table());
  assert.match(reported.explanations["cam-1"]?.reason ?? "", "source's node");
  // The virtual clock stands still while a decision is made.
  assert.equal(reported.overhead, {
    rounds: 2,
    decisions: 2,
    failures: 0,
    stale: 0,
    lost: 0,
    postponed: 0,
    roundMs: { p50: 0, p99: 0 },
    decisionMs: { p50: 0, p99: 0 },
  });
});

/** 20 sources of the cloud's neighbour, which only two equal edges serve. Their processors have what the plans in force ask for. */
function herd() {
  const ids = Array.from({ length: 20 }, (_, index) => parseSourceId(`cam-${index}`));
  const setup = setUp({ sourcesMax: 20, sourcesPerNodeMax: 20, nodesMax: 4 });
  const { scheduler, join, retained } = setup;
  join("cloud", []);
  join("edge-0", []);
  const edges = ["edge-1", "edge-2"];
  for (const name of edges) join(name);
  const count = (name: string): number =>
    [...(retained.table?.sources.values() ?? [])].filter(
      ({ placement }) => placement.get(DETECT)?.[0] === name,
    ).length;
  const link = { rttMs: 1, bandwidthMbps: 1e6, bandwidthAgeMs: 0 };
  const links = { "edge-1": link, "edge-2": link, cloud: { ...link, bandwidthMbps: 1 } };
  let epoch = 0;
  let moves = 0;
  let before = new Map<string, string | undefined>();
  return {
    ...setup,
    count,
    register: () => {
      const policy = { name: "dynamic", parameters: {} };
      for (const id of ids)
        scheduler.tell({
          type: "registerSource",
          source: source({ id, node: parseNodeName("edge-0"), policy }),
        });
    },
    second: () => {
      const atMs = scheduler.clock.now();
      scheduler.tell({ type: "resourcesSampled", sample: sample("edge-0", { atMs, links }) });
      for (const name of edges) {
        // Of 10 frames a second at 10 ms a frame, on two processors: a twentieth of the node for each source.
        const cpuShare = Math.min(1, count(name) * 0.05);
        scheduler.tell({ type: "resourcesSampled", sample: sample(name, { atMs, cpuShare, links }) });
      }
      scheduler.advance(1_000);
      const after = new Map(
        [...(retained.table?.sources ?? [])].map(([id, { placement }]) => [id, placement.get(DETECT)?.[0]]),
      );
      for (const [id, name] of after) if (before.has(id) && before.get(id) !== name) moves++;
      before = new Map(after);
      epoch = retained.table?.epoch ?? 0;
    },
    moves: () => moves,
    epoch: () => epoch,
  };
}

test("scheduler lets no herd of 20 sources jump between two equal edges: each decision is charged before the next", () => {
  const { register, second, count, moves } = herd();
  second();
  register();
  for (let at = 0; at < 120; at++) second();
  assert.is(count("edge-1") + count("edge-2"), 20);
  assert.ok(Math.abs(count("edge-1") - count("edge-2")) <= 10, `${count("edge-1")} and ${count("edge-2")}`);
  assert.ok(moves() <= 10, `${moves()} moves in 120 s`);
});

test.run();
