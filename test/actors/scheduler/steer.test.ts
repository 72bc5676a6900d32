/** What operators say of sources besides their policy: pauses, and knobs of the configuration. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type {
  ChangesReported,
  OrderReply,
  ScheduledSources,
  SchedulerMessage,
} from "../../../src/actors/protocol/scheduler.js";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { bindPolicy, type BoundPolicy } from "../../../src/scheduling/policy.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import { parseSourceId } from "../../../src/task/identity.js";
import {
  UNDECIDED,
  type PlanPause,
  type SourceDescription,
  type SourceOrders,
} from "../../../src/task/requests.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { CLOUD, EDGE_1, node, outcome, source } from "./cluster.js";

const CAM_1 = parseSourceId("cam-1");

function setUp({
  orders = createMemoryTrust().orders,
  term = 1,
  changes = {},
  onDecision = () => {},
  isUndecided = () => false,
  policies = [],
}: SetUp = {}) {
  const decisions = createInlineDecisions(createPolicies(policies));
  const retained = createSchedulerRetained(orders);
  const behaviour = createScheduler(
    {
      term,
      epoch: 0,
      fallback: CLOUD,
      decisions: {
        ...decisions,
        decide(job, request) {
          onDecision();
          if (!isUndecided()) decisions.decide(job, request);
        },
      },
      intervalMs: 1_000,
      moveLimits: {},
      nodesMax: 3,
      sourcesMax: 3,
      sourcesPerNodeMax: 3,
      pipelinesPerNodeMax: 3,
      owners: createMemoryTrust().owners,
      listener: null,
    },
    retained,
  );
  const scheduler = fold(behaviour, { address: "sluice://cloud/scheduler" });
  const controller = createProbe<ControllerMessage>("sluice://edge-1/controller");
  for (const name of ["cloud", "edge-1"])
    scheduler.tell({ type: "registerNode", node: node(name), controller });
  const again = (isNew = false) => scheduler.tell({ type: "registerSource", source: source(changes), isNew });
  again();
  const order = (toMessage: (replyTo: ReturnType<typeof createProbe<OrderReply>>) => SchedulerMessage) => {
    const replyTo = createProbe<OrderReply>();
    scheduler.tell(toMessage(replyTo));
    return replyTo;
  };
  return {
    scheduler,
    orders,
    again,
    route: () => retained.table?.sources.get(CAM_1),
    epoch: () => retained.table?.epoch,
    pause: (reason = "", sourceId = CAM_1) =>
      order((replyTo) => ({ type: "pauseSource", sourceId, reason, replyTo })),
    goOn: () => order((replyTo) => ({ type: "continueSource", sourceId: CAM_1, replyTo })),
    configure: (knobs: Extract<SchedulerMessage, { type: "configureSource" }>["knobs"]) =>
      order((replyTo) => ({ type: "configureSource", sourceId: CAM_1, knobs, replyTo })),
    setPolicy: (name: string, parameters: Record<string, unknown> = {}) =>
      scheduler.tell({ type: "setPolicy", sourceId: CAM_1, policy: { name, parameters } }),
    explain: () => {
      const replyTo = createProbe<ChangesReported>();
      scheduler.tell({ type: "reportChanges", sourceId: CAM_1, sinceMs: 0, replyTo });
      return replyTo.only("changesReported");
    },
    reported: () => {
      const replyTo = createProbe<ScheduledSources>();
      scheduler.tell({ type: "reportSources", replyTo });
      return replyTo.only("scheduledSources").sources[CAM_1];
    },
  };
}

interface SetUp {
  readonly orders?: SourceOrders;
  readonly term?: number;
  readonly changes?: Partial<SourceDescription>;
  readonly policies?: readonly BoundPolicy[];
  readonly onDecision?: () => void;
  /** Whether a round takes longer than the test. */
  readonly isUndecided?: () => boolean;
}

test("scheduler says nothing of the policy before as the word of one that is yet to decide", () => {
  let isUndecided = false;
  const { setPolicy, explain } = setUp({ isUndecided: () => isUndecided });
  assert.match(explain().now?.reason ?? "", "source's node");
  isUndecided = true;
  setPolicy("cloud-only");
  assert.is(explain().now?.reason, UNDECIDED.reason);
});

test("scheduler has a source paused by its next table, until an operator says otherwise, and explain tells", () => {
  const { scheduler, pause, goOn, route, explain, reported } = setUp();
  const sinceMs = scheduler.clock.now();
  pause("cleaned").only("orderTaken");
  assert.equal(route()?.pause, { sinceMs, reason: "cleaned" });
  assert.match(explain().now?.reason ?? "", /^paused by an operator since \S+Z \(cleaned\); /);
  assert.match(explain().changes.at(-1)?.why.reason ?? "", "paused by an operator");
  scheduler.clock.advance(5_000);
  pause("cleaned again").only("orderTaken");
  assert.equal(route()?.pause, { sinceMs, reason: "cleaned again" });
  assert.equal(reported()?.pause, { sinceMs, reason: "cleaned again" });
  goOn().only("orderTaken");
  assert.is(route()?.pause, undefined);
  assert.not.match(explain().now?.reason ?? "", "paused");
});

test("a policy has its source pause and go on; an operator's pause goes before it, and no operator resumes what it paused", () => {
  let wanted: PlanPause | null = { reason: "tasks were late", flushes: true };
  let fails = false;
  const bound = createPolicies().get("edge-only");
  assert.ok(bound);
  const pausing = bindPolicy<unknown, null>({
    name: "pausing",
    parse: (parameters) => parameters,
    start: () => null,
    decide(state, view) {
      if (fails) throw new Error("it fails");
      const { plan, why } = bound.start({}).decide(view);
      return { state, plan: { ...plan, ...(wanted && { pause: wanted }) }, why };
    },
  });
  const { scheduler, route, setPolicy, pause, goOn, reported, explain } = setUp({ policies: [pausing] });
  const decideAgain = () => scheduler.advance(1_000);
  const sinceMs = scheduler.clock.now();
  setPolicy("pausing");
  const paused = { sinceMs, reason: "tasks were late", by: "policy" as const, flushes: true as const };
  assert.equal([route()?.pause, reported()?.pause], [paused, paused]);
  assert.equal(explain().changes.at(-1)?.pause, wanted);
  decideAgain();
  pause("cleaned").only("orderTaken");
  assert.equal([route()?.pause?.by, route()?.pause?.reason], [undefined, "cleaned"]);
  goOn().only("orderTaken");
  assert.is(route()?.pause?.by, "policy", "it is its policy's again");
  assert.match(goOn().only("orderRefused").error.message, /policy "pausing" has \(tasks were late\)/);
  wanted = null;
  decideAgain();
  assert.is(route()?.pause, undefined);
  wanted = { reason: "tasks were late", flushes: false };
  decideAgain();
  assert.equal([route()?.pause?.by, route()?.pause?.flushes], ["policy", undefined]);
  fails = true;
  decideAgain();
  assert.is(route()?.pause, undefined, "a policy that fails would never have it go on");
});

test("an order that says what holds already is taken, and no policy is asked for it", () => {
  let asked = 0;
  const { pause, goOn, configure } = setUp({ onDecision: () => (asked += 1) });
  const before = asked;
  goOn().only("orderTaken");
  configure(null).only("orderTaken");
  assert.is(asked - before, 0);
  pause("cleaned").only("orderTaken");
  configure({ fps: 2 }).only("orderTaken");
  assert.is(asked - before, 2);
  pause("cleaned").only("orderTaken");
  configure({ fps: 2 }).only("orderTaken");
  assert.is(asked - before, 2);
});

test("a pause and knobs hold when a source registers again and under a scheduler that starts anew, and end as it is started anew", () => {
  const first = setUp();
  first.pause("night");
  first.configure({ fps: 2 });
  const { fps } = first.route()?.configuration ?? {};
  assert.equal([fps, first.route()?.pause?.reason], [2, "night"]);
  first.again();
  assert.equal([first.route()?.configuration.fps, first.route()?.pause?.reason], [2, "night"]);
  const second = setUp({ orders: first.orders, term: 2 });
  assert.equal([second.route()?.configuration.fps, second.route()?.pause?.reason], [2, "night"]);
  second.again(true);
  assert.equal(second.route()?.pause, undefined);
  assert.is(second.route()?.configuration.fps, source().configuration.fps);
});

test("knobs that an operator sets hold over any policy, one by one, until they are given back to it", () => {
  const space = parseSpace({ resolution: ["320x180", "640x360"], fps: [5, 10] });
  const configuration = parseConfiguration({ resolution: "640x360", fps: 10 });
  const { configure, setPolicy, route, reported, explain } = setUp({ changes: { space, configuration } });
  setPolicy("fixed", { configuration: { fps: 5, quality: 50 } });
  assert.equal([route()?.configuration.fps, route()?.configuration.quality], [5, 50]);
  configure({ fps: 3 }).only("orderTaken");
  configure({ width: 160, height: 90 }).only("orderTaken");
  const { width, fps, quality } = route()?.configuration ?? {};
  assert.equal([width, fps, quality], [160, 3, 50], "what was not set is the policy's");
  assert.equal(reported()?.ordered, { fps: 3, width: 160, height: 90 });
  assert.is(explain().now?.inputs["setByOperator"], "160x90, fps 3");
  setPolicy("cloud-only");
  assert.equal([route()?.configuration.width, route()?.configuration.fps], [160, 3]);
  configure(null).only("orderTaken");
  assert.equal([route()?.configuration.width, route()?.configuration.fps], [640, 10]);
  assert.equal(reported()?.ordered, {});
});

test("knobs that cannot be are refused with what is wrong, and change nothing", () => {
  const { configure, route, epoch, orders } = setUp({ changes: { framesMin: 2 } });
  const before = [route()?.configuration, epoch()];
  for (const [knobs, wanted] of [
    [{ framesPerTask: 1 }, /needs 2 frames in a task: set framesPerTask \(--frames-per-task\) to 2 or more/],
    [{ fps: 0 }, /fps/],
    [{ width: 4_096, height: 4_096, framesPerTask: 256 }, /lower framesPerTask or the resolution/],
  ] as const) {
    const { error } = configure(knobs).only("orderRefused");
    assert.match(error.message, wanted);
  }
  assert.equal([route()?.configuration, epoch()], before);
  assert.is(orders.get(CAM_1), undefined);
});

test("an order for a source that nobody knows is refused, with the nearest name", () => {
  const { pause } = setUp();
  const { error } = pause("", parseSourceId("cam-11")).only("orderRefused");
  assert.match(error.message, 'as it is not registered (did you mean "cam-1"?)');
});

test("what an operator sets is kept as it was checked, whatever came with it", () => {
  const { configure, orders } = setUp();
  configure({ fps: 2, ...({ extra: 5n, resolution: "1x1" } as object) }).only("orderTaken");
  assert.equal(orders.get(CAM_1), { configuration: { fps: 2 } });
});

test("a registration cannot say for itself that an operator has paused it or set knobs", () => {
  const { route } = setUp({ changes: { pause: { sinceMs: 0, reason: "mine" }, ordered: { fps: 1 } } });
  assert.equal([route()?.pause, route()?.configuration.fps], [undefined, source().configuration.fps]);
});

test("scheduler reports how it goes with a source: rate, latencies and what came too late, over changes of its plan", () => {
  const slo = { latencyMs: 50, percentile: 95, yields: "detail" } as const;
  const { scheduler, configure, reported } = setUp({ changes: { slo } });
  const settle = (sequence: number, latencyMs: number) => {
    scheduler.clock.advance(1_000);
    scheduler.tell({ type: "taskSettled", outcome: outcome(sequence, { settledAtMs: latencyMs }) });
  };
  for (let sequence = 0; sequence < 10; sequence++) settle(sequence, 40 + sequence);
  configure({ fps: 2 });
  for (let sequence = 10; sequence < 20; sequence++) settle(sequence, 80);
  const { node: host, policy, figures } = reported() ?? {};
  assert.equal([host, policy?.name], [EDGE_1, "edge-only"]);
  assert.equal([figures?.late, figures?.latencyMs], [10, { p50: 49, p95: 80 }]);
  assert.ok(Math.abs((figures?.framesPerSecond ?? 0) - 4) < 0.5, String(figures?.framesPerSecond));
  scheduler.clock.advance(61_000);
  assert.equal([reported()?.figures.latencyMs, reported()?.figures.framesPerSecond], [null, 0]);
});

test.run();
