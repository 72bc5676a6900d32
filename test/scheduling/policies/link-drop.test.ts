import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { CLOUD, DETECT, EDGE_1 } from "../../actors/scheduler/cluster.js";
import { describeChanges, runPlant, type Moment } from "./plant.js";

/** 100 Mbit/s, then 1 for two minutes, then 100 again. */
const DROP_S = 60;
const BACK_S = 180;
const END_S = 600;
const link = (second: number): number => (second >= DROP_S && second < BACK_S ? 1 : 100);
const between = (moments: readonly Moment[], from: number, to: number) =>
  moments.filter(({ second }) => second >= from && second < to);

for (const { policy, answers } of [
  { policy: "dynamic", answers: "moves" },
  { policy: "fc", answers: "sends less" },
  { policy: "negative-feedback", answers: "sends less" },
  { policy: "two-timescale", answers: "either" },
  { policy: "predictive", answers: "either" },
  { policy: "adamec", answers: "keeps pixels beside the camera" },
  { policy: "gecko", answers: "keeps pixels beside the camera" },
  { policy: "madeye", answers: "keeps pixels beside the camera" },
  { policy: "online-profile", answers: "moves" },
]) {
  test(`${policy} answers a link that drops from 100 to 1 Mbit/s (${answers}) and returns with it, in fewer than five changes`, () => {
    const { moments, changes } = runPlant({ policy, link, seconds: END_S });
    const log = describeChanges(moments);
    const before = between(moments, DROP_S - 10, DROP_S);
    const during = between(moments, BACK_S - 30, BACK_S);
    const after = moments.slice(-10);
    for (const { latencyMs } of [...before, ...during, ...after]) {
      assert.ok(latencyMs !== null && latencyMs <= 500, `${latencyMs} ms\n${log}`);
    }
    const needed = (some: readonly Moment[]) => Math.max(...some.map(({ needMbps }) => needMbps));
    const isCloud = (some: readonly Moment[]) =>
      some.every(({ plan }) => plan.placement.get(DETECT)?.[0] === CLOUD);
    const less = needed(during) < needed(before);
    const moved = isCloud(before) && !isCloud(during);
    const told = { moves: moved, "sends less": less, either: moved || less }[answers];
    assert.ok(told ?? moments.slice(-1)[0]?.plan.placement.get(DETECT)?.[0] === EDGE_1, log);
    // Whoever moved and gave nothing up need not come back; all others do.
    const configurations = new Set(
      [...before, ...after].map(({ plan }) => JSON.stringify(plan.configuration)),
    );
    assert.is(configurations.size, 1, `what was given up does not come back\n${log}`);
    if (policy === "dynamic") assert.ok(isCloud(after), log);
    assert.ok(changes < 5, `${changes} changes\n${log}`);
  });
}

test("guard decides by its safe policy while tasks are late, and by its own again when they are not", () => {
  const { moments, changes } = runPlant({
    policy: "guard",
    parameters: { policy: { name: "cloud-only" } },
    link,
    seconds: END_S,
  });
  const log = describeChanges(moments);
  const places = (from: number, to: number) =>
    new Set(between(moments, from, to).map(({ plan }) => plan.placement.get(DETECT)?.[0]));
  assert.equal([...places(0, DROP_S)], ["cloud"], log);
  assert.ok(places(DROP_S + 20, BACK_S).has("edge-1" as never), log);
  assert.equal([...places(END_S - 30, END_S)], ["cloud"], log);
  assert.ok(changes < 12, `${changes} changes\n${log}`);
});

test("predictive leaves a cloud that has become slow although its link is fast, and leaves it alone for a while", () => {
  const { moments, changes } = runPlant({
    policy: "predictive",
    link: () => 100,
    slowness: (second) => (second >= 60 ? 200 : 1),
    seconds: 300,
  });
  const log = describeChanges(moments);
  assert.is(between(moments, 50, 60)[0]?.plan.placement.get(DETECT)?.[0], "cloud", log);
  assert.is(moments.at(-1)?.plan.placement.get(DETECT)?.[0], "edge-1", log);
  assert.ok(changes < 5, `${changes} changes\n${log}`);
});

test.run();
