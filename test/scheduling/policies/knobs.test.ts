import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { detailOf, ladderOf, levelOf, withLevel } from "../../../src/scheduling/policies/knobs.js";
import { serviceTime } from "../../../src/scheduling/view-queries.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { stageAs } from "../../../src/task/variants.js";
import { EDGE_1, hop, outcome } from "../../actors/scheduler/cluster.js";
import { TWO_SIZES } from "../../task/pipelines.js";

const asking = {
  configuration: DEFAULT_CONFIGURATION,
  space: parseSpace({ variants: { a: ["s", "m", "l"], b: ["s", "l"] } }),
};

test("the knob of variants goes from the least of every stage to the most, one stage a step", () => {
  const steps = [0, 1, 2, 3, 9].map(
    (level) => withLevel("variants", level, DEFAULT_CONFIGURATION, asking).variants,
  );
  assert.equal(steps, [
    { a: "s", b: "s" },
    { a: "m", b: "s" },
    { a: "m", b: "l" },
    { a: "l", b: "l" },
    { a: "l", b: "l" },
  ]);
});

test("the knob of variants leaves those of other stages alone, finds its level again, and a higher one shows more", () => {
  const configuration = { ...DEFAULT_CONFIGURATION, variants: { other: "x" } };
  const one = withLevel("variants", 1, configuration, asking);
  assert.equal(one.variants, { other: "x", a: "m", b: "s" });
  assert.equal(levelOf("variants", one, asking), { at: 1, top: 3 });
  assert.ok(detailOf(one, asking) < detailOf(withLevel("variants", 2, one, asking), asking));
});

test("a pipeline without variants has nothing to turn there", () => {
  const plain = { configuration: DEFAULT_CONFIGURATION, space: parseSpace({ fps: [5] }) };
  assert.equal(levelOf("variants", DEFAULT_CONFIGURATION, plain), { at: 0, top: 0 });
  assert.equal(withLevel("variants", 3, DEFAULT_CONFIGURATION, plain), DEFAULT_CONFIGURATION);
});

test("a ladder is worked out once for all that ask the same, and anew for another space", () => {
  const wide = {
    configuration: DEFAULT_CONFIGURATION,
    space: parseSpace({ fps: [1, 2, 5], quality: [40, 60] }),
  };
  const ladder = ladderOf(wide);
  assert.is(
    ladderOf(structuredClone(wide)),
    ladder,
    "as it comes to the thread of policies, round after round",
  );
  const narrow = { ...wide, space: parseSpace({ fps: [1, 2] }) };
  assert.ok(ladderOf(narrow).length < ladder.length);
  const other = { ...wide, configuration: { ...DEFAULT_CONFIGURATION, fps: 4 } };
  assert.ok(ladderOf(other).some(({ configuration }) => configuration.fps === 4));
});

test("service times are kept for each variant of a stage", () => {
  const times = new ServiceTimes();
  const settled = (variant: string, endedAtMs: number) => ({
    ...outcome(0, { pipelineId: TWO_SIZES.id, frameCount: 1 }),
    hops: [hop("find", "edge-1", { variant, endedAtMs })],
  });
  times.observe(settled("large", 40), TWO_SIZES, 0);
  times.observe(settled("small", 10), TWO_SIZES, 0);
  const [find] = TWO_SIZES.stages;
  if (find === undefined) throw new Error("No stage");
  const view = { serviceTimes: times.report(0) };
  const took = (variant: string) => serviceTime(view, stageAs(find, variant), EDGE_1)?.meanMs;
  assert.equal([took("large"), took("small")], [40, 10]);
});

test.run();
