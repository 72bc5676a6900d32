import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { completePlan, samePlan, sameRoute, usableOffers } from "../../src/scheduling/plan.js";
import type { Plan } from "../../src/scheduling/policy.js";
import { parseSpace } from "../../src/task/configuration-space.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../src/task/configuration.js";
import { parseNodeName, parseStageId, type NodeName } from "../../src/task/identity.js";
import type { SourceDescription } from "../../src/task/requests.js";
import { TWO_SIZES } from "../task/pipelines.js";
import { assertThrows } from "../task/throws.js";
import { CLOUD, DETECT, EDGE_1, EDGE_2, node, source, TRACK, view } from "../actors/scheduler/cluster.js";

function complete(detect: readonly string[] | undefined, nodes = [node("cloud"), node("edge-1")]) {
  const placement = new Map(detect === undefined ? [] : [[DETECT, detect as readonly NodeName[]]]);
  const scope = { ...view({ nodes }), accepted: null };
  return completePlan({ configuration: DEFAULT_CONFIGURATION, placement }, scope).placement;
}

for (const { name, wanted, nodes, placed } of [
  { name: "keeps the order of usable nodes", wanted: ["edge-1", "cloud"], placed: ["edge-1", "cloud"] },
  { name: "leaves out a node that is not there", wanted: ["edge-9", "edge-1"], placed: ["edge-1"] },
  { name: "leaves out a node that is named twice", wanted: ["edge-1", "edge-1"], placed: ["edge-1"] },
  {
    name: "leaves out a node without the service",
    wanted: ["edge-1", "cloud"],
    nodes: [node("cloud"), node("edge-1", ["track"])],
    placed: ["cloud"],
  },
  { name: "gives a stage with no node left to the fallback", wanted: ["edge-9"], placed: ["cloud"] },
  { name: "gives a stage that was left out to the fallback", wanted: undefined, placed: ["cloud"] },
  {
    name: "gives a stage that the fallback cannot run to the others, cloud nodes first",
    wanted: [],
    nodes: [node("cloud", ["track"]), node("edge-2"), node("edge-1"), node("cloud-2")],
    placed: ["cloud-2", "edge-1", "edge-2"],
  },
  {
    name: "gives a stage that nobody can run to the fallback",
    wanted: ["edge-1"],
    nodes: [node("edge-1", [])],
    placed: ["cloud"],
  },
]) {
  test(`completePlan ${name}`, () => {
    assert.equal(complete(wanted, nodes).get(DETECT), placed);
  });
}

test("completePlan places every stage of the pipeline and no other", () => {
  const placement = new Map([[parseStageId("unknown"), [EDGE_1]]]);
  const scope = { ...view(), accepted: null };
  const plan = completePlan({ configuration: DEFAULT_CONFIGURATION, placement }, scope);
  assert.equal([...plan.placement.keys()], [DETECT, TRACK]);
});

test("completePlan refuses a configuration out of range", () => {
  const scope = { ...view(), accepted: null };
  const configuration = { ...DEFAULT_CONFIGURATION, width: Number.NaN };
  assertThrows(
    () => completePlan({ configuration, placement: new Map() }, scope),
    "configuration-invalid",
    "width",
  );
});

test("completePlan has what an operator set hold, whatever the policy proposes", () => {
  const ordered = { fps: 2, quality: 30 };
  const scope = { ...view({ source: source({ ordered }) }), accepted: null };
  const proposed = { ...DEFAULT_CONFIGURATION, fps: 20, framesPerTask: 3 };
  const { configuration } = completePlan({ configuration: proposed, placement: new Map() }, scope);
  assert.equal(configuration, { ...proposed, ...ordered });
});

test("completePlan refuses a configuration that the space of the pipeline has not, and takes what was asked for", () => {
  const space = parseSpace({ fps: [5, 2], resolution: ["320x180"] });
  const scope = { ...view({ source: source({ space }) }), accepted: null };
  const inSpace = (changes: Partial<Configuration>) =>
    completePlan({ configuration: { ...DEFAULT_CONFIGURATION, ...changes }, placement: new Map() }, scope);
  assert.is(inSpace({ fps: 2, width: 320, height: 180 }).configuration.fps, 2);
  assert.equal(inSpace({}).configuration, DEFAULT_CONFIGURATION);
  assertThrows(() => inSpace({ fps: 3 }), "configuration-invalid", "fps must be one of 2, 5: got 3");
  assertThrows(() => inSpace({ width: 160, height: 90 }), "configuration-invalid", "got 160x90");
});

test("usableOffers leaves out the nodes on which a stage failed, and all others stay", () => {
  const scope = { ...view(), accepted: null };
  assert.is(usableOffers(scope), scope.offers, "nothing is copied where nothing is excluded");
  const excluded = new Map([[DETECT, new Set([EDGE_1])]]);
  assert.equal(Object.fromEntries(usableOffers({ ...scope, excluded })), {
    detect: ["cloud", "edge-2"],
    track: ["cloud", "edge-1", "edge-2"],
  });
});

test("completePlan and samePlan keep a pause apart, and sameRoute does not see it", () => {
  const captured: Plan = { configuration: DEFAULT_CONFIGURATION, placement: new Map([[DETECT, [EDGE_1]]]) };
  const paused = (reason: string, flushes: boolean): Plan => ({ ...captured, pause: { reason, flushes } });
  assert.equal(completePlan(paused("late", true), { ...view(), accepted: null }).pause, {
    reason: "late",
    flushes: true,
  });
  assert.not(samePlan(captured, paused("late", true)));
  assert.not(samePlan(paused("late", false), paused("late", true)));
  assert.ok(samePlan(paused("late", true), paused("later", true)), "for people alone");
  assert.ok(sameRoute(captured, paused("late", true)));
});

test("samePlan compares configuration, stages, nodes and their order", () => {
  const plan = (nodes: readonly NodeName[], changes = {}): Plan => ({
    configuration: { ...DEFAULT_CONFIGURATION, ...changes },
    placement: new Map([[DETECT, nodes]]),
  });
  assert.ok(samePlan(plan([EDGE_1, CLOUD]), plan([EDGE_1, CLOUD])));
  assert.not(samePlan(plan([EDGE_1, CLOUD]), plan([CLOUD, EDGE_1])));
  assert.not(samePlan(plan([EDGE_1]), plan([EDGE_1, EDGE_2])));
  for (const change of [
    { width: 320 },
    { height: 180 },
    { fps: 5 },
    { framesPerTask: 1 },
    { encoding: "jpeg" },
    { quality: 1 },
  ]) {
    assert.not(samePlan(plan([EDGE_1]), plan([EDGE_1], change)), JSON.stringify(change));
  }
  const other: Plan = {
    configuration: DEFAULT_CONFIGURATION,
    placement: new Map([[TRACK, [parseNodeName("edge-1")]]]),
  };
  assert.not(samePlan(plan([EDGE_1]), other));
});

const held = (name: string, ...files: readonly string[]) => ({
  ...node(name, ["sized", "track"]),
  models: files.map((file) => ({ file, bytes: 1, sha256: "a".repeat(64) })),
});
const FIND = parseStageId("find");

function completeSizes(variant: string | null, space?: SourceDescription["space"]): Plan {
  const nodes = [held("cloud", "large.onnx", "small.onnx"), held("edge-1", "small.onnx")];
  const sized = source({ pipeline: TWO_SIZES, ...(space && { space }) });
  const configuration = {
    ...DEFAULT_CONFIGURATION,
    ...(variant !== null && { variants: { find: variant } }),
  };
  const placement = new Map([[FIND, [EDGE_1, CLOUD]]]);
  return completePlan({ configuration, placement }, { ...view({ nodes, source: sized }), accepted: null });
}

test("completePlan places a stage only on nodes that have the model of the variant that it is to run in", () => {
  assert.equal(completeSizes("small").placement.get(FIND), [EDGE_1, CLOUD]);
  assert.equal(completeSizes("large").placement.get(FIND), [CLOUD]);
});

test("completePlan names the variant of each stage that has several, also where the policy names none", () => {
  assert.equal(completeSizes(null).configuration.variants, { find: "large" });
});

test("completePlan refuses a variant that the stage has not, or that the space has not", () => {
  assertThrows(() => completeSizes("huge"), "configuration-invalid", 'no variant "huge"');
  const space = { ...parseSpace({ fps: [10] }), variants: { find: ["large"] } };
  assertThrows(
    () => completeSizes("small", space),
    "configuration-invalid",
    "must be one of large: got small",
  );
  assert.is(completeSizes("large", space).configuration.variants?.["find"], "large");
});

test("usableOffers has a node that can run a stage in one of the variants that are allowed", () => {
  const nodes = [held("cloud", "large.onnx"), held("edge-1", "small.onnx"), held("edge-2", "other.onnx")];
  const usable = (names: readonly string[]) => {
    const space = { ...parseSpace({}), variants: { find: names } };
    const scope = view({ nodes, source: source({ pipeline: TWO_SIZES, space }) });
    return usableOffers({ ...scope, accepted: null }).get("sized");
  };
  assert.equal(usable(["small", "large"]), [CLOUD, EDGE_1]);
  assert.equal(usable(["large"]), [CLOUD]);
});

test.run();
