import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createPolicies, startPolicy } from "../../src/scheduling/policies.js";
import { bindPolicy, type PolicyScope } from "../../src/scheduling/policy.js";
import { edgeOnly } from "../../src/scheduling/policies/edge-only.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { assertThrows } from "../task/throws.js";
import {
  CLOUD,
  DETECT,
  EDGE_1,
  EDGE_2,
  node,
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
      "fc",
      "negative-feedback",
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

test.run();
