import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan } from "../../../src/scheduling/plan.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan, PolicyView } from "../../../src/scheduling/policy.js";
import { splitSpace } from "../../../src/scheduling/policies/split-space.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseObjective, parseSpace } from "../../../src/task/configuration-space.js";
import type { Scene } from "../../../src/task/scene.js";
import {
  DETECT,
  hop,
  node,
  outcome,
  PIPELINE,
  sample,
  source,
  TRACK,
  view,
} from "../../actors/scheduler/cluster.js";
import { TWO_SIZES } from "../../task/pipelines.js";

const POLICIES = ["adamec", "gecko", "madeye"];
const OBJECTIVE = { latencyMs: 400, percentile: 95, yields: "detail" } as const;
const camera = source({
  configuration: parseConfiguration({ resolution: "640x360", fps: 10, framesPerTask: 1, encoding: "jpeg" }),
  space: parseSpace({ resolution: ["160x90", "320x180", "640x360"], fps: [2, 5, 10], quality: [40, 80] }),
  slo: parseObjective({ latencyMs: OBJECTIVE.latencyMs }),
});

/** What a frame takes, in ms, on the edge and on the cloud. */
function times(edgeMs: number, cloudMs: number): ServiceTimes {
  const known = new ServiceTimes();
  for (const [at, endedAtMs] of [
    ["edge-1", edgeMs],
    ["cloud", cloudMs],
  ] as const) {
    for (const stage of ["detect", "track"]) {
      known.observe(outcome(0, { frameCount: 1, hops: [hop(stage, at, { endedAtMs })] }), PIPELINE, 0);
    }
  }
  return known;
}

interface Situation {
  readonly mbps?: number;
  readonly serviceTimes?: ServiceTimes;
  readonly scene?: Scene;
  readonly plan?: Plan | null;
  readonly nowMs?: number;
}

function seen({
  mbps = 100,
  serviceTimes = times(10, 10),
  scene,
  plan = null,
  nowMs = 60_000,
}: Situation): PolicyView {
  const recent = scene === undefined ? [] : [outcome(0, { scene })];
  const links = { cloud: { rttMs: 10, bandwidthMbps: mbps, bandwidthAgeMs: 0 } };
  const samples = [sample("edge-1", { links }), sample("cloud")];
  return view({ source: camera, serviceTimes, samples, recent, plan, nowMs });
}

function decide(name: string, situation: Situation) {
  const scope = seen(situation);
  const { plan, why } = startPolicy(createPolicies(), { name, parameters: {} }).decide(scope);
  return { plan: completePlan(plan, { ...scope, accepted: null }), why };
}

const placed = ({ placement }: Plan): readonly unknown[] => [
  placement.get(DETECT)?.[0],
  placement.get(TRACK)?.[0],
];

for (const name of POLICIES) {
  test(`${name} keeps stages beside the camera where the link is slow, and sends them away where the edge is`, () => {
    assert.equal(placed(decide(name, { mbps: 0.5, serviceTimes: times(10, 5) }).plan)[0], "edge-1");
    assert.equal(placed(decide(name, { serviceTimes: times(400, 5) }).plan), ["cloud", "cloud"]);
  });

  test(`${name} gives up detail where neither node can do all, and says what it expects`, () => {
    const { plan, why } = decide(name, {
      mbps: 0.8,
      serviceTimes: times(150, 5),
      scene: { objects: 0, size: null, speed: 0 },
    });
    const { width, fps, quality } = plan.configuration;
    assert.ok(width * fps * quality < 640 * 10 * 80, JSON.stringify(plan.configuration));
    assert.type(why.inputs["predictedMs"], "number");
    assert.ok(Number(why.inputs["tried"]) > 3);
  });

  test(`${name} stays with a plan until another is better by enough, and until it has stood`, () => {
    const first = decide(name, { serviceTimes: times(400, 5) }).plan;
    const same = decide(name, { serviceTimes: times(380, 5), plan: first }).plan;
    assert.equal(placed(same), placed(first));
    const young = decide(name, { serviceTimes: times(5, 400), plan: first, nowMs: 9_000 });
    assert.equal(placed(young.plan), placed(first));
    assert.match(young.why.reason, "not stood long enough");
    assert.equal(placed(decide(name, { serviceTimes: times(5, 400), plan: first }).plan)[0], "edge-1");
  });

  test(`${name} looks at no more than a hundred plans`, () => {
    for (const mbps of [0.1, 1, 10, 1_000]) {
      for (const edgeMs of [1, 50, 1_000]) {
        const { why } = decide(name, { mbps, serviceTimes: times(edgeMs, 20) });
        assert.ok(Number(why.inputs["tried"]) <= 100, String(why.inputs["tried"]));
      }
    }
  });
}

test("gecko raises the rate by a step for what moves and halves it for what stands still", () => {
  const scene = (speed: number): Scene => ({ objects: 2, size: 0.1, speed });
  const middle: Plan = {
    ...decide("gecko", {}).plan,
    configuration: { ...camera.configuration, fps: 5, width: 320, height: 180 },
  };
  const { plan: faster } = decide("gecko", { plan: middle, scene: scene(0.5), mbps: 1_000 });
  assert.is(faster.configuration.fps, 10);
  const still = decide("gecko", {
    plan: { ...middle, configuration: camera.configuration },
    scene: scene(0),
    serviceTimes: times(90, 90),
    mbps: 1,
  });
  assert.ok(still.plan.configuration.fps < 10, JSON.stringify(still.plan.configuration));
});

test("madeye begins where its pool is: a plan that was good before is found again at once", () => {
  const policies = createPolicies();
  const first = seen({ serviceTimes: times(400, 5) });
  const { run } = startPolicy(policies, { name: "madeye", parameters: {} }).decide(first);
  const { kept } = run.state as { readonly kept: readonly unknown[] };
  assert.is(kept.length, 8);
});

test("splitSpace cuts a pipeline in topological order, and every neighbour is a step away", () => {
  const space = splitSpace(seen({}), OBJECTIVE, 0.7);
  assert.is(space.current.cut, 2);
  const around = space.neighbours(space.current);
  assert.ok(around.length >= 4 && around.length <= 10, `${around.length}`);
  for (const { levels, cut } of around) {
    const steps =
      Math.abs(cut - space.current.cut) +
      Object.entries(levels).reduce(
        (sum, [knob, level]) => sum + Math.abs(level - space.current.levels[knob as "fps"]),
        0,
      );
    assert.is(steps, 1);
  }
  assert.equal(placed(space.rate({ ...space.current, cut: 1 }).plan), ["edge-1", "cloud"]);
});

/** A camera whose `find` runs in a large and in a small variant, and what each takes there, in ms. */
function withVariants(largeMs: number, smallMs: number): PolicyView {
  const sized = source({
    pipeline: TWO_SIZES,
    configuration: parseConfiguration({ resolution: "640x360", fps: 5, framesPerTask: 1, encoding: "jpeg" }),
    space: parseSpace({ variants: { find: ["small", "large"] } }),
    slo: parseObjective({ latencyMs: OBJECTIVE.latencyMs }),
  });
  const serviceTimes = new ServiceTimes();
  for (const at of ["edge-1", "edge-2", "cloud"])
    for (const [variant, endedAtMs] of [
      ["large", largeMs],
      ["small", smallMs],
    ] as const) {
      const hops = [hop("find", at, { endedAtMs, variant })];
      const { id: pipelineId, version: pipelineVersion } = TWO_SIZES;
      serviceTimes.observe(outcome(0, { frameCount: 1, hops, pipelineId, pipelineVersion }), TWO_SIZES, 0);
    }
  const nodes = ["cloud", "edge-1", "edge-2"].map((name) =>
    node(
      name,
      TWO_SIZES.stages.map(({ service }) => service),
    ),
  );
  return view({ nodes, source: sized, serviceTimes, bandwidthMbps: 100, nowMs: 60_000 });
}

for (const name of POLICIES) {
  test(`${name} runs the variant that finds most where there is time for it, and a lesser one where there is not`, () => {
    const variantOf = (scope: PolicyView) => {
      let { run, plan } = startPolicy(createPolicies(), { name, parameters: {} }).decide(scope);
      for (let seed = 1; seed < 6; seed++) ({ run, plan } = run.decide({ ...scope, seed }));
      return plan.configuration.variants?.["find"];
    };
    assert.is(variantOf(withVariants(30, 20)), "large");
    assert.is(variantOf(withVariants(900, 20)), "small");
  });
}

test.run();
