import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { completePlan, samePlan } from "../../../src/scheduling/plan.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan } from "../../../src/scheduling/policy.js";
import { ProfileBuilder, profiledMs, type ProfileEntry } from "../../../src/scheduling/profile.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { StoredResult } from "../../../src/task/record.js";
import {
  DETECT,
  EDGE_1,
  EDGE_2,
  hop,
  outcome,
  PIPELINE,
  sample,
  source,
  TRACK,
  view,
  type ViewOptions,
} from "../../actors/scheduler/cluster.js";

const [detect] = PIPELINE.stages;
const small = { width: 320, height: 180 };
const cell = (
  work: string,
  node: string,
  frameMs: number,
  more: Partial<ProfileEntry> = {},
): ProfileEntry => ({
  work,
  node,
  width: 640,
  height: 360,
  frameMs,
  p95Ms: frameMs,
  count: 50,
  objects: null,
  ...more,
});
const FAST_EDGES = [
  { from: "edge-1", to: "edge-2", mbps: 1_000 },
  { from: "edge-2", to: "edge-1", mbps: 1_000 },
];
const SLOW = { bandwidthMbps: 1, links: FAST_EDGES };
const profile = [
  cell("detect", "edge-1", 50),
  cell("detect", "edge-2", 10),
  cell("track", "edge-1", 2),
  cell("track", "edge-2", 9),
];

function decide(name: string, parameters: Readonly<Record<string, unknown>>, options: ViewOptions) {
  const seen = view(options);
  const { plan, why } = startPolicy(createPolicies(), { name, parameters }).decide(seen);
  const { placement } = completePlan(plan, { ...seen, accepted: null });
  return { at: [placement.get(DETECT)?.[0], placement.get(TRACK)?.[0]], why };
}

for (const name of ["offline-profile", "online-profile"]) {
  test(`${name} uses the cloud while the link carries the source, and each edge for what it is soonest at otherwise`, () => {
    assert.equal(decide(name, { profile }, { bandwidthMbps: 100 }).at, ["cloud", "cloud"]);
    const { at, why } = decide(name, { profile }, SLOW);
    assert.equal(at, ["edge-2", "edge-1"]);
    assert.is(why.inputs["timesKnown"], 4);
  });

  test(`${name} sends no pixels over a link that does not carry them`, () => {
    assert.equal(decide(name, { profile }, { bandwidthMbps: 1 }).at, ["edge-1", "edge-1"]);
  });

  test(`${name} takes what waits on a node, and what others were given, into account`, () => {
    const samples = [sample("edge-1"), sample("edge-2", { queued: { "two@1/detect": 16 } })];
    assert.is(decide(name, { profile }, { ...SLOW, samples }).at[0], "edge-1");
    const others = { busyMs: new Map([[EDGE_2, 1_900]]), mbps: new Map() };
    assert.is(
      decide(name, { profile }, { ...SLOW, others, samples: [sample("edge-1"), sample("edge-2")] }).at[0],
      "edge-1",
    );
  });
}

/** So many tasks that took so long a frame on edge-2. */
function measured(count: number, frameMs: number): ServiceTimes {
  const times = new ServiceTimes();
  for (let index = 0; index < count; index++) {
    times.observe(
      outcome(index, { frameCount: 1, hops: [hop("detect", "edge-2", { endedAtMs: frameMs })] }),
      PIPELINE,
      0,
    );
  }
  return times;
}

test("online-profile believes what it measured more than the profile, once there is enough of it and while it is new", () => {
  const at = (count: number, nowMs = 0) =>
    decide("online-profile", { profile }, { ...SLOW, nowMs, serviceTimes: measured(count, 200) }).at[0];
  assert.is(at(7), "edge-2");
  assert.is(at(8), "edge-1");
  assert.is(at(8, 300_001), "edge-2");
  assert.is(
    decide("offline-profile", { profile }, { ...SLOW, serviceTimes: measured(64, 200) }).at[0],
    "edge-2",
  );
});

test("online-profile expects work that grows with what is to be seen to grow", () => {
  const cells = [
    cell("detect", "edge-1", 30),
    cell("detect", "edge-2", 10, { objects: 2 }),
    ...profile.slice(2),
  ];
  const at = (perObject: readonly string[]) => {
    const recent = [outcome(0, { scene: { objects: 20, size: 0.1, speed: null } })];
    return decide("online-profile", { profile: cells, perObject }, { ...SLOW, recent }).at[0];
  };
  assert.is(at([]), "edge-2");
  assert.is(at(["detect"]), "edge-1");
});

test("profiledMs takes the size that is nearest, and nothing of another node", () => {
  const cells = [cell("detect", "edge-1", 40), cell("detect", "edge-1", 10, small)];
  assert.ok(detect !== undefined);
  const at = (width: number, node = EDGE_1) => {
    const configuration = { width, height: (width * 9) / 16 };
    return profiledMs(cells, detect, { node, configuration, objects: null });
  };
  assert.equal([at(640), at(1_280), at(320), at(160)], [40, 40, 10, 10]);
  assert.is(at(640, EDGE_2), null);
});

test("offline-profile refuses a profile that is none", () => {
  const policies = createPolicies();
  const start = (given: unknown) => () =>
    startPolicy(policies, { name: "offline-profile", parameters: { profile: given } });
  assert.throws(start(undefined), /profile/);
  assert.throws(start([{ work: "detect" }]), /node/);
  assert.not.throws(start(profile));
});

test("ProfileBuilder makes a profile of stored results: a cell for each work, node and size", () => {
  const builder = new ProfileBuilder();
  const result = (tookMs: number, width: number): StoredResult => ({
    type: "result",
    position: 0,
    id: { sourceId: parseSourceId("cam-1"), incarnation: 1, sequence: 0 },
    delivery: 1,
    pipelineId: PIPELINE.id,
    pipelineVersion: 1,
    configuration: parseConfiguration({ resolution: `${width}x${(width * 9) / 16}`, framesPerTask: 2 }),
    frameCount: 2,
    framePtsUs: [0, 1],
    sourceAtMs: 0,
    createdAtMs: 0,
    storedAtMs: 0,
    results: {},
    hops: [
      hop("detect", "edge-1", { startedAtMs: 100, endedAtMs: 100 + tookMs }),
      hop("track", "cloud", { endedAtMs: 4 }),
    ],
    traceparent: "",
  });
  for (const tookMs of [20, 40]) builder.add(result(tookMs, 320), PIPELINE);
  builder.add(result(100, 640), PIPELINE);
  assert.equal(
    builder.profile().map(({ work, node, width, frameMs, count }) => [work, node, width, frameMs, count]),
    [
      ["detect", "edge-1", 320, 15, 2],
      ["detect", "edge-1", 640, 50, 1],
      ["track", "cloud", 320, 2, 2],
      ["track", "cloud", 640, 2, 1],
    ],
  );
});

/** Runs a campaign, in which a node does so many tasks a second. */
function campaign(
  tasksPerS: (node: string) => number,
  parameters: Readonly<Record<string, unknown>>,
  seconds: number,
) {
  const camera = source({ space: parseSpace({ resolution: ["320x180", "640x360"] }) });
  let run = startPolicy(createPolicies(), { name: "latency-collector", parameters });
  let plan: Plan | null = null;
  const window = new OutcomeWindow(0);
  const trials: string[] = [];
  let reason = "";
  for (let second = 0; second < seconds; second++) {
    const nowMs = second * 1_000;
    const seen = { ...view({ source: camera, plan, nowMs }), recent: window.report(nowMs, null) };
    const decided = run.decide(seen);
    run = decided.run;
    ({ reason } = decided.why);
    const next: Plan = completePlan(decided.plan, { ...seen, accepted: null });
    if (plan === null || !samePlan(plan, next)) {
      plan = next;
      trials.push(`${plan.placement.get(DETECT)?.[0]} ${plan.configuration.width}`);
      window.restart(
        { configuration: plan.configuration, epoch: second, atMs: nowMs, pipelineVersion: 1 },
        nowMs,
      );
    }
    const { configuration } = plan;
    const at = plan.placement.get(DETECT)?.[0] ?? "";
    for (let index = 0; index < tasksPerS(at); index++) {
      window.add(outcome(index, { configuration, sourceAtMs: nowMs, settledAtMs: nowMs }), nowMs);
    }
  }
  return { trials, reason };
}

test("latency-collector measures every node in every size, one after another, and then it is over", () => {
  const { trials, reason } = campaign(() => 10, { tasksMin: 20 }, 60);
  const nodes = ["cloud", "edge-1", "edge-2"];
  assert.equal(
    trials.slice(0, 6),
    nodes.flatMap((node) => [`${node} 320`, `${node} 640`]),
  );
  assert.is(trials.at(-1), "edge-1 640", "and it runs where it was captured");
  assert.match(reason, "all was tried");
});

test("latency-collector waits for no node that answers nothing, and its campaign ends by the clock", () => {
  const slow = campaign((node) => (node === "edge-1" ? 0 : 10), { tasksMin: 20, trialMsMax: 5_000 }, 60);
  assert.match(slow.reason, "all was tried");
  assert.ok(slow.trials.includes("edge-2 640"));
  const long = campaign(() => 0, { campaignMsMax: 20_000 }, 30);
  assert.match(long.reason, "as long as it may");
});

test.run();
