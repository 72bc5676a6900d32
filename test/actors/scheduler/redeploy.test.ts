/** When a source is decided for before its time, and how often its stages may move. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { bindPolicy } from "../../../src/scheduling/policy.js";
import type { MoveLimits } from "../../../src/scheduling/move-budget.js";
import { parseNodeName, parseSourceId, type NodeName } from "../../../src/task/identity.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import type { ResourceSample } from "../../../src/task/reports.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { CLOUD, DETECT, EDGE_1, EDGE_2, node, outcome, sample, source, TRACK } from "./cluster.js";

const INTERVAL_MS = 60_000;

/** Puts everything where it is told, and counts how often it is asked for each source. */
function setUp(moveLimits: Partial<MoveLimits> = {}, intervalMs = INTERVAL_MS) {
  let at: NodeName = EDGE_1;
  const asked: string[] = [];
  const told = bindPolicy({
    name: "told",
    parse: () => null,
    start: () => 0,
    decide(times: number, view) {
      asked.push(view.source.id);
      const placement = new Map([DETECT, TRACK].map((stage) => [stage, [at]] as const));
      const plan = { configuration: view.source.configuration, placement };
      return { state: times + 1, plan, why: { reason: "told", inputs: { times } } };
    },
  });
  const retained = createSchedulerRetained();
  const behaviour = createScheduler(
    {
      term: 1,
      epoch: 0,
      fallback: CLOUD,
      decisions: createInlineDecisions(createPolicies([told])),
      intervalMs,
      moveLimits,
      nodesMax: 9,
      sourcesMax: 9,
      sourcesPerNodeMax: 9,
      pipelinesPerNodeMax: 9,
      owners: createMemoryTrust().owners,
      listener: null,
    },
    retained,
  );
  const scheduler = fold(behaviour, { address: "sluice://cloud/scheduler" });
  const join = (name: string) =>
    scheduler.tell({
      type: "registerNode",
      node: node(name),
      controller: createProbe<ControllerMessage>(`sluice://${name}/controller`),
    });
  for (const name of ["cloud", "edge-1", "edge-2"]) join(name);
  const register = (id: string) =>
    scheduler.tell({
      type: "registerSource",
      source: source({
        id: parseSourceId(id),
        policy: { name: "told", parameters: {} },
        slo: { latencyMs: 100, percentile: 95, yields: "detail" },
      }),
    });
  let atMs = 0;
  return {
    scheduler,
    retained,
    asked,
    register,
    join,
    place: (name: NodeName) => (at = name),
    where: (id = "cam-1") => retained.plans.get(parseSourceId(id))?.placement.get(DETECT)?.[0],
    why: (id = "cam-1") => scheduler.state().sources.get(parseSourceId(id))?.why.reason,
    said: (name: string, changes: Partial<ResourceSample>) =>
      scheduler.tell({ type: "resourcesSampled", sample: sample(name, { atMs: atMs++, ...changes }) }),
    settle: (sequence: number, latencyMs: number) =>
      scheduler.tell({
        type: "taskSettled",
        outcome: outcome(sequence, {
          sourceAtMs: 1_000 + sequence,
          settledAtMs: 1_000 + sequence + latencyMs,
        }),
      }),
  };
}

test("scheduler decides at once for those whose queue has become long, and not again while it is", () => {
  const { asked, register, said } = setUp();
  register("cam-1");
  asked.length = 0;
  said("edge-1", { queued: { "two@1/detect": 3 } });
  assert.equal(asked, []);
  said("edge-1", { queued: { "two@1/detect": 4 } });
  assert.equal(asked, ["cam-1"]);
  said("edge-1", { queued: { "two@1/detect": 9 } });
  said("edge-2", { queued: { "two@1/detect": 9 } });
  said("edge-1", { queued: { "other@1/detect": 9 } });
  assert.equal(asked, ["cam-1"]);
});

test("scheduler decides at once for those that have stages on a node that has become hot", () => {
  const { asked, register, said } = setUp();
  register("cam-1");
  asked.length = 0;
  said("edge-2", { cpuShare: 1 });
  said("edge-2", { cpuShare: 1 });
  said("edge-1", { cpuShare: 1 });
  assert.equal(asked, [], "one sample is none, and nothing of it runs on edge-2");
  said("edge-1", { cpuShare: 1 });
  said("edge-1", { cpuShare: 1 });
  assert.equal(asked, ["cam-1"]);
});

test("scheduler decides at once for a source that misses its objective task after task", () => {
  const { asked, register, settle } = setUp();
  register("cam-1");
  asked.length = 0;
  for (let sequence = 0; sequence < 7; sequence++) settle(sequence, 500);
  settle(7, 50);
  for (let sequence = 8; sequence < 15; sequence++) settle(sequence, 500);
  assert.equal(asked, []);
  settle(15, 500);
  assert.equal(asked, ["cam-1"]);
  for (let sequence = 16; sequence < 40; sequence++) settle(sequence, 500);
  assert.equal(asked, ["cam-1"], "and not again while it does");
});

test("scheduler is not had to decide all the time by a node whose queue comes and goes", () => {
  const { scheduler, asked, register, said } = setUp();
  register("cam-1");
  asked.length = 0;
  for (let times = 0; times < 1_000; times++) {
    said("edge-1", { queued: times % 2 === 0 ? { "two@1/detect": 99 } : {} });
    scheduler.advance(10);
  }
  assert.ok(asked.length <= 21, `${asked.length} times in 10 s`);
});

test("scheduler moves stages so often a minute and says why not more often, and again once time has passed", () => {
  const { scheduler, register, place, where, why } = setUp({ perSource: 2 }, 1_000);
  register("cam-1");
  for (const [name, then] of [
    [EDGE_2, EDGE_2],
    [EDGE_1, EDGE_1],
    [EDGE_2, EDGE_1],
  ] as const) {
    place(name);
    scheduler.advance(1_000);
    assert.is(where(), then);
  }
  assert.match(
    why() ?? "",
    /wants to move a stage \(told\), and its 2 changes of placement a minute are spent/,
  );
  const { kept } = scheduler.state().sources.get(parseSourceId("cam-1")) ?? {};
  scheduler.advance(5_000);
  assert.equal(
    scheduler.state().sources.get(parseSourceId("cam-1"))?.kept,
    kept,
    "it learns nothing of what was not done",
  );
  assert.is(where(), EDGE_1);
  scheduler.advance(30_000);
  assert.is(where(), EDGE_2);
});

test("scheduler moves all sources together so often a minute, whoever had to wait first", () => {
  const { scheduler, register, place, where } = setUp({ inAll: 2 }, 1_000);
  const ids = ["cam-1", "cam-2", "cam-3", "cam-4"];
  for (const id of ids) register(id);
  const moved = () => ids.filter((id) => where(id) === EDGE_2);
  place(EDGE_2);
  scheduler.advance(1_000);
  assert.equal(moved(), ["cam-1", "cam-2"]);
  scheduler.advance(30_000);
  assert.equal(moved(), ["cam-1", "cam-2", "cam-3"]);
  scheduler.advance(30_000);
  assert.equal(moved(), ids);
});

test("scheduler moves what must move whatever has been spent, and what an operator orders", () => {
  const { scheduler, register, place, where } = setUp({ perSource: 1 }, 1_000);
  register("cam-1");
  place(EDGE_2);
  scheduler.advance(1_000);
  place(EDGE_1);
  scheduler.advance(1_000);
  assert.is(where(), EDGE_2, "its one move is spent");
  scheduler.tell({ type: "removeNode", node: parseNodeName("edge-2") });
  scheduler.advance(1_000);
  assert.is(where(), EDGE_1);
  const policy = { name: "fixed", parameters: { placement: { detect: "cloud", track: "cloud" } } };
  scheduler.tell({ type: "setPolicy", sourceId: parseSourceId("cam-1"), policy, replyTo: createProbe() });
  scheduler.advance(1_000);
  assert.is(where(), CLOUD);
});

test.run();
