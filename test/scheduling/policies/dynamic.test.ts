import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan } from "../../../src/scheduling/plan.js";
import { dynamic, freeShareOf } from "../../../src/scheduling/policies/dynamic.js";
import type { Plan } from "../../../src/scheduling/policy.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName } from "../../../src/task/identity.js";
import {
  CLOUD,
  DETECT,
  EDGE_1,
  node,
  sample,
  source,
  TRACK,
  view,
  type ViewOptions,
} from "../../actors/scheduler/cluster.js";

/** Load of a node: processor and memory alike. */
const load = (name: string, share: number) =>
  sample(name, { cpuShare: share, memoryUsedBytes: share * 1_000, memoryTotalBytes: 1_000 });

/** What the source of these tests makes, in Mbit/s: raw 640x360 at 10 fps. */
const NEED = (640 * 360 * 3 * 10 * 8) / 1e6;
/** Links that carry it between all edges, both ways. */
const FAST_EDGES = ["edge-1", "edge-2"].flatMap((from) =>
  ["edge-1", "edge-2"].filter((to) => to !== from).map((to) => ({ from, to, mbps: 1_000 })),
);
/** The cloud is out of reach, and the edges are near each other. */
const EDGES = { bandwidthMbps: 1, links: FAST_EDGES };

/** A dynamic policy whose plans come into force, second after second. */
function live(parameters: Record<string, unknown> = {}, seed = 1) {
  let state = dynamic.start(dynamic.parse(parameters));
  let plan: Plan | null = null;
  let times = 0;
  return {
    at(nowMs: number, options: ViewOptions = {}) {
      const seen = view({ seed: seed + times++, ...options, nowMs, plan });
      const decision = dynamic.decide(state, seen);
      state = decision.state;
      plan = completePlan(decision.plan, { ...seen, accepted: null });
      return { detect: plan.placement.get(DETECT)?.[0], why: decision.why, placement: plan.placement };
    },
  };
}

test("dynamic uses the cloud where the link carries what the source makes, and edges where it does not", () => {
  assert.is(live().at(0, { bandwidthMbps: NEED }).detect, "cloud");
  assert.is(live().at(0, { bandwidthMbps: NEED - 0.1 }).detect, "edge-1");
  const small = source({ configuration: { ...DEFAULT_CONFIGURATION, width: 64, height: 36, fps: 1 } });
  assert.is(live().at(0, { bandwidthMbps: 1, source: small }).detect, "cloud");
});

test("dynamic leaves to other sources what they were given of the link", () => {
  const mbps = new Map([[EDGE_1, new Map([[CLOUD, 50]])]]);
  const others = { busyMs: new Map(), mbps };
  assert.is(live().at(0, { bandwidthMbps: 100, others }).detect, "edge-1");
  assert.is(live().at(0, { bandwidthMbps: 110, others }).detect, "cloud");
});

test("dynamic names an unknown bandwidth, and tries the cloud unless told otherwise", () => {
  const { detect, why } = live().at(0);
  assert.is(detect, "cloud");
  assert.is(why.inputs["spareMbps"], null);
  assert.match(why.reason, "unknown");
  assert.is(live({ unknownBandwidth: "edge" }).at(0).detect, "edge-1");
});

test("dynamic changes its placement once in 600 s on a steady link of 1 Mbit/s", () => {
  const policy = live();
  let observedAtMs = 0;
  let changes = 0;
  let before: string | undefined;
  for (let second = 0; second < 600; second++) {
    // Tasks tell of the link while they cross it, and nothing does otherwise.
    const link = second === 0 ? {} : { bandwidthMbps: 1, observedAtMs };
    const { detect } = policy.at(second * 1_000, link);
    if (detect === "cloud") observedAtMs = second * 1_000;
    if (before !== undefined && detect !== before) changes++;
    before = detect;
  }
  assert.is(before, "edge-1");
  assert.is(changes, 1);
});

test("dynamic finds back to the cloud once the link to it is measured to carry the source again", () => {
  const policy = live();
  assert.is(policy.at(0, { bandwidthMbps: 1 }).detect, "edge-1");
  assert.is(policy.at(60_000, { bandwidthMbps: 1, observedAtMs: 0 }).detect, "edge-1");
  // As the monitor of edge-1 probes it.
  const probed = { rttMs: 1, bandwidthMbps: 100, bandwidthAgeMs: 500 };
  const samples = [sample("edge-1", { links: { cloud: probed } })];
  assert.is(policy.at(61_000, { bandwidthMbps: 1, observedAtMs: 0, samples }).detect, "cloud");
});

test("dynamic sends no pixels over a link between edges that is unknown or too slow, and none over the one it fled", () => {
  for (const links of [[], [{ from: "edge-1", to: "edge-2", mbps: NEED * 1.1 }]]) {
    for (let seed = 0; seed < 1_000; seed++) {
      const { placement } = live({}, seed).at(0, { bandwidthMbps: 1, links });
      assert.is(placement.get(DETECT)?.[0], "edge-1");
    }
  }
});

test("dynamic sends results anywhere, also over a slow link", () => {
  const samples = [load("edge-1", 1), load("edge-2", 0)];
  const { placement } = live().at(0, { bandwidthMbps: 1, samples });
  assert.equal([placement.get(DETECT)?.[0], placement.get(TRACK)?.[0]], ["edge-1", "edge-2"]);
});

test("dynamic shuns an edge to which others were sent since it was sampled", () => {
  const seen = { ...view({ ...EDGES, samples: [load("edge-1", 0.5), load("edge-2", 0)] }) };
  const unsampledBusyMs = new Map([[parseNodeName("edge-2"), 2_000]]);
  const counts = { "edge-1": 0, "edge-2": 0 };
  for (let seed = 0; seed < 1_000; seed++) {
    const { plan } = dynamic.decide(dynamic.start(dynamic.parse({})), { ...seen, unsampledBusyMs, seed });
    counts[plan.placement.get(DETECT)?.[0] as "edge-1"]++;
  }
  // Free shares are 0.5 and 0.5 now: without the charge they were 0.5 and 1.
  assert.ok(Math.abs(counts["edge-1"] - 500) < 80, JSON.stringify(counts));
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
  const drawn: Record<string, number> = {};
  const state = dynamic.start(dynamic.parse({}));
  for (let index = 0; index < count; index++) {
    const { plan } = dynamic.decide(state, view({ ...EDGES, ...options, seed: index }));
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
  const only = [node("cloud"), node("edge-1", ["track"]), node("edge-2", ["detect"])];
  const samples = [load("edge-1", 0), load("edge-2", 0.99)];
  const { placement } = live().at(0, { ...EDGES, nodes: only, samples });
  assert.equal(Object.fromEntries(placement), { detect: ["edge-2", "cloud"], track: ["edge-1", "cloud"] });
  assert.is(live().at(0, { ...EDGES, nodes: [node("cloud"), node("edge-1", [])] }).detect, "cloud");
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
  const policy = live({ improvementMin: 0.2, dwellMsMin: 0 });
  const at = (second: number, share: number) =>
    policy.at(second * 1_000, { bandwidthMbps: NEED * share }).detect;
  assert.equal([at(0, 0.9), at(1, 1.19), at(2, 1.201), at(3, 1.001)], ["edge-1", "edge-1", "cloud", "cloud"]);
});

test("dynamic does not flap while two edges trade a little load every second", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 0 });
  const chosen = new Set<string | undefined>();
  for (let second = 0; second < 100; second++) {
    const [one, other] = second % 2 === 0 ? [0.5, 0.6] : [0.6, 0.5];
    const samples = [load("edge-1", one), load("edge-2", other)];
    chosen.add(policy.at(second * 1_000, { ...EDGES, samples }).detect);
  }
  assert.is(chosen.size, 1);
});

test("dynamic moves to an edge that is clearly freer, once the placement has stood", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 10_000, improvementMin: 0.2 });
  const first = policy.at(0, { ...EDGES, samples: [load("edge-1", 0), load("edge-2", 0)] }).detect ?? "";
  const samples = ["edge-1", "edge-2"].map((name) => load(name, name === first ? 0.5 : 0));
  assert.is(policy.at(9_000, { ...EDGES, samples }).detect, first);
  const moved = policy.at(10_000, { ...EDGES, samples }).detect;
  assert.match(moved ?? "", /^edge-/);
  assert.is.not(moved, first);
});

test("dynamic leaves a node at once that is gone", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 60_000 });
  const samples = [load("edge-1", 1), load("edge-2", 0)];
  assert.is(policy.at(0, { ...EDGES, samples }).detect, "edge-2");
  assert.is(policy.at(1_000, { ...EDGES, nodes: [node("cloud"), node("edge-1")] }).detect, "edge-1");
});

test("dynamic waits on the cloud for an edge that comes and goes", () => {
  const policy = live({ unknownBandwidth: "edge", dwellMsMin: 10_000 });
  assert.is(policy.at(0, { nodes: [node("cloud")] }).detect, "cloud");
  assert.is(policy.at(5_000, { nodes: [node("cloud"), node("edge-1")] }).detect, "cloud");
  assert.is(policy.at(10_000, { nodes: [node("cloud"), node("edge-1")] }).detect, "edge-1");
});

test.run();
