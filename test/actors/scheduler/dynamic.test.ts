import { test } from "uvu";
import * as assert from "uvu/assert";
import { completePlan } from "../../../src/actors/scheduler/plan.js";
import { dynamic, freeShareOf } from "../../../src/actors/scheduler/policies/dynamic.js";
import type { Plan } from "../../../src/actors/scheduler/policy.js";
import { seeded } from "../../support/fold.js";
import { CLOUD, DETECT, node, PIPELINE, sample, source, view, type ViewOptions } from "./cluster.js";

/** Load of a node: processor and memory alike. */
const load = (name: string, share: number) =>
  sample(name, { cpuShare: share, memoryUsedBytes: share * 1_000, memoryTotalBytes: 1_000 });

/** A dynamic policy whose plans come into force, second after second. */
function live(parameters: Record<string, unknown> = {}, seed = 1) {
  let state = dynamic.start(dynamic.parse(parameters));
  let plan: Plan | null = null;
  const random = seeded(seed);
  return {
    at(nowMs: number, options: ViewOptions = {}) {
      const seen = view({ random, ...options, nowMs, plan });
      const decision = dynamic.decide(state, seen);
      state = decision.state;
      const scope = { ...seen, pipeline: PIPELINE, accepted: null };
      plan = completePlan(decision.plan, scope);
      return { detect: plan.placement.get(DETECT)?.[0], why: decision.why, placement: plan.placement };
    },
  };
}

test("dynamic uses the cloud from bandwidthMbpsMin on, and edges below it", () => {
  assert.is(live({ bandwidthMbpsMin: 6 }).at(0, { bandwidthMbps: 6 }).detect, "cloud");
  assert.match(live({ bandwidthMbpsMin: 6 }).at(0, { bandwidthMbps: 5.9 }).detect ?? "", /^edge-/);
});

test("dynamic names an unknown bandwidth, and tries the cloud unless told otherwise", () => {
  const { detect, why } = live().at(0);
  assert.is(detect, "cloud");
  assert.is(why.inputs["bandwidthMbps"], null);
  assert.match(why.reason, "unknown");
  assert.match(live({ unknownBandwidth: "edge" }).at(0).detect ?? "", /^edge-/);
});

test("dynamic holds no bandwidth for known that is older than bandwidthAgeMsMax", () => {
  const slow = { bandwidthMbps: 1, observedAtMs: 0 };
  assert.match(live({ bandwidthAgeMsMax: 30_000 }).at(30_000, slow).detect ?? "", /^edge-/);
  assert.is(live({ bandwidthAgeMsMax: 30_000 }).at(30_001, slow).detect, "cloud");
});

test("dynamic finds back to the cloud by itself after it fled a slow link", () => {
  const policy = live();
  assert.match(policy.at(0, { bandwidthMbps: 1, observedAtMs: 0 }).detect ?? "", /^edge-/);
  assert.match(policy.at(20_000, { bandwidthMbps: 1, observedAtMs: 0 }).detect ?? "", /^edge-/);
  assert.is(policy.at(31_000, { bandwidthMbps: 1, observedAtMs: 0 }).detect, "cloud");
});

test("dynamic runs a source of the cloud itself on the cloud", () => {
  assert.is(live().at(0, { source: source({ node: CLOUD }) }).detect, "cloud");
});

for (const { cpuShare, memoryShare, free } of [
  { cpuShare: 0, memoryShare: 0, free: 1 },
  { cpuShare: 0.9, memoryShare: 0.1, free: 0.5 },
  { cpuShare: 1, memoryShare: 1, free: 0 },
  { cpuShare: 90, memoryShare: 0.2, free: 0.4 },
  { cpuShare: -1, memoryShare: 0, free: 1 },
]) {
  test(`freeShareOf is ${free} at cpu ${cpuShare} and memory ${memoryShare}: both are shares, and clamped`, () => {
    const known = sample("edge-1", {
      cpuShare,
      memoryUsedBytes: memoryShare * 1_000,
      memoryTotalBytes: 1_000,
    });
    const freeShare = freeShareOf({ description: node("edge-1"), sample: known, sampleAgeMs: 0 });
    assert.ok(Math.abs(freeShare - free) < 1e-9, `${freeShare}`);
  });
}

test("freeShareOf takes a node that was never sampled for half free", () => {
  assert.is(freeShareOf({ description: node("edge-1"), sample: null, sampleAgeMs: null }), 0.5);
});

/** How often each edge is drawn by a source that has no placement yet. */
function draws(options: ViewOptions, count = 10_000): Record<string, number> {
  const random = seeded(7);
  const drawn: Record<string, number> = {};
  const state = dynamic.start(dynamic.parse({ unknownBandwidth: "edge" }));
  for (let index = 0; index < count; index++) {
    const { plan } = dynamic.decide(state, view({ ...options, random }));
    const name = plan.placement.get(DETECT)?.[0] ?? "none";
    drawn[name] = (drawn[name] ?? 0) + 1;
  }
  return drawn;
}

test("dynamic draws edges in proportion to their free capacity: a device at 90 % a tenth as often as an idle one", () => {
  const drawn = draws({ samples: [load("edge-1", 0.9), load("edge-2", 0)] });
  const busy = drawn["edge-1"] ?? 0;
  // 10,000 draws at 1/11: mean 909, standard deviation 28.7; five of them either way.
  assert.ok(busy > 909 - 144 && busy < 909 + 144, JSON.stringify(drawn));
  assert.is(busy + (drawn["edge-2"] ?? 0), 10_000);
});

test("dynamic draws evenly where no edge has anything free", () => {
  const drawn = draws({ samples: [load("edge-1", 1), load("edge-2", 1)] });
  assert.ok(Math.abs((drawn["edge-1"] ?? 0) - 5_000) < 250, JSON.stringify(drawn));
});

test("dynamic draws the same from the same random numbers", () => {
  const options = { samples: [load("edge-1", 0.5), load("edge-2", 0.5)] };
  assert.equal(draws(options, 100), draws(options, 100));
});

test("dynamic chooses only edges that offer the service, and the cloud where none does", () => {
  const policy = { unknownBandwidth: "edge" };
  const only = [node("cloud"), node("edge-1", ["track"]), node("edge-2", ["detect"])];
  const samples = [load("edge-1", 0), load("edge-2", 0.99)];
  const { placement } = live(policy).at(0, { nodes: only, samples });
  assert.equal(Object.fromEntries(placement), { detect: ["edge-2", "cloud"], track: ["edge-1", "cloud"] });
  assert.is(live(policy).at(0, { nodes: [node("cloud"), node("edge-1", [])] }).detect, "cloud");
});

test("dynamic passes over an edge whose samples have stopped", () => {
  const options = { nodes: [node("cloud"), node("edge-1")], samples: [load("edge-1", 0)], sampledAtMs: 0 };
  assert.is(live({ unknownBandwidth: "edge" }).at(5_000, options).detect, "edge-1");
  assert.is(live({ unknownBandwidth: "edge" }).at(5_001, options).detect, "cloud");
});

test("dynamic stays on a tier until it has stood for dwellMsMin", () => {
  const policy = live({ dwellMsMin: 10_000 });
  const link = (bandwidthMbps: number) => ({ bandwidthMbps });
  assert.is(policy.at(0, link(100)).detect, "cloud");
  const waiting = policy.at(9_999, link(1));
  assert.is(waiting.detect, "cloud");
  assert.match(waiting.why.reason, "kept");
  assert.match(policy.at(10_000, link(1)).detect ?? "", /^edge-/);
});

test("dynamic leaves the edges only for a bandwidth that is better by improvementMin", () => {
  const policy = live({ bandwidthMbpsMin: 10, improvementMin: 0.2, dwellMsMin: 0 });
  assert.match(policy.at(0, { bandwidthMbps: 9 }).detect ?? "", /^edge-/);
  assert.match(policy.at(1_000, { bandwidthMbps: 11.9 }).detect ?? "", /^edge-/);
  assert.is(policy.at(2_000, { bandwidthMbps: 12 }).detect, "cloud");
  assert.is(policy.at(3_000, { bandwidthMbps: 10 }).detect, "cloud");
});

test("dynamic does not flap while two edges trade a little load every second", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 0 });
  const chosen = new Set<string | undefined>();
  for (let second = 0; second < 100; second++) {
    const [one, other] = second % 2 === 0 ? [0.5, 0.6] : [0.6, 0.5];
    chosen.add(policy.at(second * 1_000, { samples: [load("edge-1", one), load("edge-2", other)] }).detect);
  }
  assert.is(chosen.size, 1);
});

test("dynamic moves to an edge that is clearly freer, once the placement has stood", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 10_000, improvementMin: 0.2 });
  const first = policy.at(0, { samples: [load("edge-1", 0), load("edge-2", 0)] }).detect ?? "";
  const samples = ["edge-1", "edge-2"].map((name) => load(name, name === first ? 0.5 : 0));
  assert.is(policy.at(9_000, { samples }).detect, first);
  const moved = policy.at(10_000, { samples }).detect;
  assert.match(moved ?? "", /^edge-/);
  assert.is.not(moved, first);
});

test("dynamic leaves a node at once that is gone", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 60_000 });
  const first = policy.at(0).detect ?? "";
  const other = first === "edge-1" ? "edge-2" : "edge-1";
  assert.is(policy.at(1_000, { nodes: [node("cloud"), node(other)] }).detect, other);
});

test("dynamic waits on the cloud for an edge that comes and goes", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 10_000 });
  assert.is(policy.at(0, { nodes: [node("cloud")] }).detect, "cloud");
  assert.is(policy.at(5_000, { nodes: [node("cloud"), node("edge-1")] }).detect, "cloud");
  assert.is(policy.at(10_000, { nodes: [node("cloud"), node("edge-1")] }).detect, "edge-1");
});

test.run();
