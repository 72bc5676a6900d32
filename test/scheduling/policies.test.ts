import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createPolicies, startPolicy } from "../../src/scheduling/policies.js";
import { bindPolicy, type Policy, type PolicyScope } from "../../src/scheduling/policy.js";
import { edgeOnly } from "../../src/scheduling/policies/edge-only.js";
import { stageQueue } from "../../src/scheduling/view-queries.js";
import { ServiceTimes } from "../../src/actors/scheduler/service-times.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { assertThrows } from "../task/throws.js";
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
  TRACK,
  view,
  type ViewOptions,
} from "../actors/scheduler/cluster.js";

const policies = createPolicies();

function decide(name: string, parameters: Record<string, unknown> = {}, options: ViewOptions = {}) {
  return startPolicy(policies, { name, parameters }).decide(view(options));
}

function placed(name: string, parameters: Record<string, unknown>, options: ViewOptions = {}) {
  return Object.fromEntries(decide(name, parameters, options).plan.placement);
}

const scope: PolicyScope = {
  source: source(),
  nodes: new Map([node("cloud"), node("edge-1", ["detect"])].map((known) => [known.name, known])),
};

test("createPolicies has the built-in ones and a program's own, and refuses two of one name", () => {
  const own = bindPolicy({ ...edgeOnly, name: "mine" });
  assert.equal(
    [...createPolicies([own]).keys()],
    [
      "fixed",
      "cloud-only",
      "edge-only",
      "dynamic",
      "latency-collector",
      "offline-profile",
      "online-profile",
      "fc",
      "negative-feedback",
      "gecko",
      "adamec",
      "madeye",
      "chameleon",
      "two-timescale",
      "predictive",
      "guard",
      "mine",
    ],
  );
  assert.throws(() => createPolicies([bindPolicy(edgeOnly)]), /two policies named "edge-only"/);
});

test("startPolicy refuses a name that is not known, and says which is near", () => {
  assertThrows(
    () => startPolicy(policies, { name: "dynamc", parameters: {} }),
    "policy-invalid",
    "dynamc",
    'did you mean "dynamic"',
  );
});

for (const { name, parameters, part } of [
  { name: "cloud-only", parameters: { fast: true }, part: "fast" },
  { name: "edge-only", parameters: { fast: true }, part: "fast" },
  { name: "fixed", parameters: { offloading: {} }, part: "offloading" },
  { name: "fixed", parameters: { placement: { detect: 7 } }, part: "placement.detect" },
  { name: "fixed", parameters: { placement: { detect: [] } }, part: "placement.detect" },
  { name: "dynamic", parameters: { dwellMsMin: "6" }, part: "dwellMsMin" },
  { name: "dynamic", parameters: { sampleAgeMsMax: 0 }, part: "sampleAgeMsMax" },
  { name: "dynamic", parameters: { unknownBandwidth: "both" }, part: "unknownBandwidth" },
  { name: "dynamic", parameters: { improvementMin: 20 }, part: "improvementMin" },
]) {
  test(`startPolicy refuses ${name} with ${JSON.stringify(parameters)} and names the parameter`, () => {
    assertThrows(() => startPolicy(policies, { name, parameters }), "policy-invalid", name, part);
  });
}

test("cloud-only places every stage on cloud nodes that offer it, the fallback first", () => {
  assert.equal(placed("cloud-only", {}, { nodes: [node("cloud-0"), node("cloud"), node("edge-1")] }), {
    detect: ["cloud", "cloud-0"],
    track: ["cloud", "cloud-0"],
  });
  assert.equal(placed("cloud-only", {}, { nodes: [node("cloud", ["track"]), node("cloud-0", ["detect"])] }), {
    detect: ["cloud-0"],
    track: ["cloud"],
  });
});

test("edge-only places stages on the source's node, and on the cloud where that lacks the service", () => {
  assert.equal(placed("edge-only", {}), { detect: ["edge-1"], track: ["edge-1"] });
  const lacking = [node("cloud"), node("edge-1", ["detect"]), node("edge-2")];
  assert.equal(placed("edge-only", {}, { nodes: lacking }), { detect: ["edge-1"], track: ["cloud"] });
  assert.equal(placed("edge-only", {}, { nodes: [node("cloud")] }), { detect: ["cloud"], track: ["cloud"] });
});

test("cloud-only and edge-only keep the configuration that was asked for", () => {
  const configuration = { ...DEFAULT_CONFIGURATION, fps: 3 };
  for (const name of ["cloud-only", "edge-only", "dynamic"]) {
    assert.is(decide(name, {}, { source: source({ configuration }) }).plan.configuration, configuration);
  }
});

test("fixed places each stage where its parameters say, and overrides the configuration knob by knob", () => {
  const parameters = {
    configuration: { resolution: "320x180", fps: 2 },
    placement: { detect: "edge-2", track: ["cloud", "edge-1"] },
  };
  const { plan } = decide("fixed", parameters);
  assert.equal(plan.configuration, { ...DEFAULT_CONFIGURATION, width: 320, height: 180, fps: 2 });
  assert.equal(
    plan.placement,
    new Map([
      [DETECT, [EDGE_2]],
      [TRACK, [CLOUD, EDGE_1]],
    ]),
  );
});

test("fixed gives the same configuration object while the source asks for the same", () => {
  const asked = source();
  const run = startPolicy(policies, { name: "fixed", parameters: { configuration: { fps: 2 } } });
  const first = run.decide(view({ source: asked }));
  const second = first.run.decide(view({ source: asked }));
  assert.is(first.plan.configuration, second.plan.configuration);
  const changed = source({ configuration: { ...DEFAULT_CONFIGURATION, quality: 5 } });
  assert.equal(second.run.decide(view({ source: changed })).plan.configuration, {
    ...DEFAULT_CONFIGURATION,
    quality: 5,
    fps: 2,
  });
});

test("fixed says which node is missing at run time", () => {
  const { why } = decide("fixed", { placement: { detect: "edge-9", track: "edge-9" } });
  assert.equal(why.inputs, { missing: "edge-9" });
});

for (const { parameters, code, parts } of [
  {
    parameters: { placement: { detct: "cloud" } },
    code: "policy-invalid",
    parts: ["detct", 'mean "detect"'],
  },
  {
    parameters: { placement: { detect: "edge-7" } },
    code: "policy-invalid",
    parts: ["edge-7", "has not joined", 'mean "edge-1"'],
  },
  {
    parameters: { placement: { track: ["cloud", "edge-1"] } },
    code: "policy-invalid",
    parts: ['"track" on node "edge-1"', 'it runs "detect"'],
  },
  { parameters: { configuration: { fps: -1 } }, code: "configuration-invalid", parts: ["fps"] },
]) {
  test(`fixed refuses ${JSON.stringify(parameters)} when a person sets it`, () => {
    assertThrows(() => startPolicy(policies, { name: "fixed", parameters }, scope), code, ...parts);
  });
}

test("fixed accepts a placement that makes sense", () => {
  const parameters = { placement: { detect: ["edge-1", "cloud"], track: "cloud" } };
  assert.is(startPolicy(policies, { name: "fixed", parameters }, scope).policy, "fixed");
});

const joint: Policy<null, number> = {
  name: "joint",
  parse: () => null,
  start: () => 0,
  decideAll: (turns) =>
    turns.map(({ state, view: seen }) => ({
      state: state + 1,
      plan: { configuration: seen.source.configuration, placement: new Map() },
      why: { reason: `one of ${turns.length}`, inputs: {} },
    })),
};

test("bindPolicy of a policy that decides for all at once asks it for one, too", () => {
  const bound = bindPolicy(joint);
  const { run, why } = bound.start({}).decide(view());
  assert.is(why.reason, "one of 1");
  assert.is(run.state, 1);
  const decisions = bound.decideAll?.([
    { state: 1, view: view() },
    { state: 5, view: view() },
  ]);
  assert.equal(
    decisions?.map(({ state }) => state),
    [2, 6],
  );
  assert.is(bindPolicy(edgeOnly).decideAll, null);
});

test("bindPolicy refuses what a policy that decides for all leaves out", () => {
  const lazy = bindPolicy({ ...joint, decideAll: () => [] });
  assert.throws(() => lazy.start({}).decide(view()), "must decide for every source");
});

test("stageQueue tells what waits for a stage of the pipeline, how many run at once, and when it was counted", () => {
  const detect = PIPELINE.stages[0];
  if (detect === undefined) throw new Error("It must have a stage");
  const key = `${PIPELINE.id}@${PIPELINE.version}/detect`;
  const described = { ...node("edge-1"), capacity: { provider: "cpu", workersPerStage: 3 } };
  const seen = view({
    nodes: [described, node("edge-2")],
    samples: [sample("edge-1", { queued: { [key]: 7 } })],
    nowMs: 900,
    sampledAtMs: 400,
  });
  assert.equal(stageQueue(seen, detect, EDGE_1), { tasks: 7, slots: 3, ageMs: 500 });
  assert.is(stageQueue(seen, { ...detect, stateful: true }, EDGE_1)?.slots, 1);
  assert.is(stageQueue(seen, detect, EDGE_2), null);
});

test("ServiceTimes tells how many tasks arrive at a service a second", () => {
  const times = new ServiceTimes();
  for (let index = 0; index < 11; index++) {
    const enqueuedAtMs = index * 50;
    const hops = [
      hop("detect", "edge-1", { enqueuedAtMs, startedAtMs: enqueuedAtMs, endedAtMs: enqueuedAtMs + 8 }),
    ];
    times.observe(outcome(index, { hops }), PIPELINE, 600);
    const known = times.report(600).get("detect")?.get(EDGE_1);
    assert.is(known?.arrivalsPerS, index === 0 ? null : 20);
  }
});

test.run();
