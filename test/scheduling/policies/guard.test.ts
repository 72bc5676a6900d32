import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan, samePlan } from "../../../src/scheduling/plan.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan } from "../../../src/scheduling/policy.js";
import type { Pause } from "../../../src/task/requests.js";
import { parseObjective, parseSpace } from "../../../src/task/configuration-space.js";
import { CLOUD, DETECT, EDGE_1, outcome, source, view } from "../../actors/scheduler/cluster.js";

const WANTED_MS = 500;

/**
 * Runs a guard around `cloud-only`: what a task takes on the cloud in each second, in ms; on the edge it is in time, unless `onEdgeMs`
 * says otherwise. From `pausedBy` on an operator has the source pause.
 */
function run(
  tookMs: (second: number) => number,
  seconds: number,
  parameters: Readonly<Record<string, unknown>> = {},
  onEdgeMs: (second: number) => number = () => 10,
  pausedBy?: Pause,
) {
  const slo = parseObjective({ latencyMs: WANTED_MS });
  const policy = { name: "cloud-only" };
  let guard = startPolicy(createPolicies(), { name: "guard", parameters: { policy, ...parameters } });
  let plan: Plan | null = null;
  const window = new OutcomeWindow(0);
  const at: (string | undefined)[] = [];
  const trips: unknown[] = [];
  const pauses: boolean[] = [];
  let sequence = 0;
  for (let second = 0; second < seconds; second++) {
    const nowMs = second * 1_000;
    const pause = pausedBy !== undefined && nowMs >= pausedBy.sinceMs ? pausedBy : undefined;
    const camera = source({ slo, ...(pause && { pause }) });
    const seen = { ...view({ source: camera, plan, nowMs }), recent: window.report(nowMs, WANTED_MS) };
    const decided = guard.decide(seen);
    guard = decided.run;
    const next: Plan = completePlan(decided.plan, { ...seen, accepted: null });
    if (plan === null || !samePlan(plan, next)) {
      plan = next;
      window.restart({ configuration: plan.configuration, epoch: 1, atMs: nowMs, pipelineVersion: 1 }, nowMs);
    }
    const place = plan.placement.get(DETECT)?.[0];
    at.push(place);
    trips.push(decided.why.inputs["trips"]);
    pauses.push(plan.pause?.flushes === true);
    const isCaptured = pause === undefined && plan.pause === undefined;
    for (let index = 0; index < (isCaptured ? 5 : 0); index++) {
      const latencyMs = place === CLOUD ? tookMs(second) : onEdgeMs(second);
      const { configuration } = plan;
      window.add(
        outcome(sequence++, { configuration, sourceAtMs: nowMs, settledAtMs: nowMs + latencyMs }),
        nowMs,
      );
    }
  }
  return { at, trips, pauses };
}

const slowFrom =
  (from: number, to = Infinity) =>
  (second: number) =>
    second >= from && second < to ? 900 : 100;

test("guard lets its policy decide while tasks are in time, and does not trip at a beginning that loads models", () => {
  const { at } = run((second) => (second < 3 ? 4_000 : 100), 60);
  assert.equal([...new Set(at)], [CLOUD]);
});

test("guard trips once half of the window was late twice in a row, and its safe policy decides", () => {
  const { at } = run(slowFrom(20), 40);
  const tripped = at.indexOf(EDGE_1);
  // Half of 32 tasks at five a second, and one evaluation more.
  assert.ok(tripped >= 23 && tripped <= 26, `${tripped}`);
  const patient = run(slowFrom(20), 40, { tripTimes: 6 }).at.indexOf(EDGE_1);
  assert.is(patient - tripped, 4);
  assert.equal([...new Set(run(slowFrom(20), 40, { tripShare: 1, tripTimes: 30 }).at)], [CLOUD]);
});

test("guard recovers on trial once tasks are in time again, no sooner than it may, and is trusted anew where that holds", () => {
  const { at, trips } = run(slowFrom(20, 30), 600);
  const tripped = at.indexOf(EDGE_1);
  const recovered = at.indexOf(CLOUD, tripped);
  assert.ok(recovered - tripped >= 10 && recovered - tripped <= 14, `${recovered - tripped} s`);
  assert.equal([...new Set(at.slice(recovered))], [CLOUD]);
  assert.is(trips[recovered], 1);
  assert.is(trips.at(-1), 0, "calm for thirty times the least trip");
});

test("guard has as little captured as the space allows while it is tripped, where it sheds", () => {
  const parameters = {
    policy: { name: "cloud-only" },
    sheds: true,
    latencyMs: WANTED_MS,
    tasksMin: 4,
    tripTimes: 1,
  };
  const space = parseSpace({ resolution: ["160x90"], fps: [2] });
  const late = Array.from({ length: 8 }, (_, sequence) => outcome(sequence, { settledAtMs: 900 }));
  const seen = view({ source: source({ space }), recent: late, nowMs: 60_000 });
  const { plan, why } = startPolicy(createPolicies(), { name: "guard", parameters }).decide(seen);
  assert.is(why.inputs["tripped"], true);
  assert.equal([plan.configuration.width, plan.configuration.fps], [160, 2]);
});

test("guard waits twice as long each time that its policy trips it again", () => {
  const { at } = run(slowFrom(20), 400);
  const lengths: number[] = [];
  for (let from = at.indexOf(EDGE_1); from >= 0;) {
    const to = at.indexOf(CLOUD, from);
    if (to < 0) break;
    lengths.push(to - from);
    from = at.indexOf(EDGE_1, to);
  }
  assert.ok(lengths.length >= 4, lengths.join(", "));
  for (const [index, length] of lengths.entries()) {
    const leastS = 10 * 2 ** index;
    assert.ok(length >= leastS && length <= leastS + 4, lengths.join(", "));
  }
});

test("guard has its source pause once it trips, then tries the safe policy, and pauses again where tasks are late under that too", () => {
  const tookMs = (second: number): number => (second >= 20 ? 900 : 100);
  const { at, pauses } = run(tookMs, 120, { pauseMs: 5_000 }, (second) => (second < 40 ? 900 : 10));
  const first = pauses.indexOf(true);
  assert.ok(first >= 23 && first <= 26, `${first}`);
  assert.is(pauses.indexOf(false, first), first + 5, "for five seconds");
  assert.is(at[first], EDGE_1, "what it goes on with");
  const second = pauses.indexOf(true, first + 5);
  assert.ok(second > first + 8 && second < first + 20, `${second}`);
  const recovered = at.indexOf(CLOUD, first);
  assert.ok(recovered > 40, `${recovered}`);
  assert.equal([...new Set(run(tookMs, 120).pauses)], [false], "by default it pauses none");
});

test("guard does not take the silence of a source for lateness that an operator has paused", () => {
  const { at } = run((second) => (second < 30 ? 100 : Infinity), 90, {}, undefined, {
    sinceMs: 30_000,
    reason: "",
  });
  assert.equal([...new Set(at)], [CLOUD]);
});

test.run();
