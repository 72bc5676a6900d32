import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  BandwidthEstimates,
  transfersOf,
  TRANSFER_BYTES_MIN,
} from "../../../src/actors/scheduler/bandwidth-estimates.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { SERVICES } from "../../task/pipelines.js";
import { CLOUD, EDGE_1, EDGE_2, hop, outcome } from "./cluster.js";

const ONE_MBPS = { from: EDGE_1, to: CLOUD, bytes: 125_000, durationMs: 1_000 };

test("BandwidthEstimates takes the first observation, then moves by a fifth", () => {
  const bandwidths = new BandwidthEstimates();
  assert.is(bandwidths.between(EDGE_1, CLOUD), null);
  bandwidths.observe(ONE_MBPS, 10);
  assert.equal(bandwidths.between(EDGE_1, CLOUD), { mbps: 1, observedAtMs: 10 });
  bandwidths.observe({ ...ONE_MBPS, durationMs: 100 }, 20);
  assert.equal(bandwidths.between(EDGE_1, CLOUD), { mbps: 1 + 0.2 * 9, observedAtMs: 20 });
});

test("BandwidthEstimates takes half of a known round trip for latency", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe({ ...ONE_MBPS, durationMs: 1_020 }, 0, 40);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 1);
  bandwidths.observe({ ...ONE_MBPS, durationMs: 15 }, 5, 40);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.observedAtMs, 0);
});

test("BandwidthEstimates learns nothing from a small transfer", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe({ ...ONE_MBPS, bytes: TRANSFER_BYTES_MIN - 1 }, 0);
  assert.is(bandwidths.between(EDGE_1, CLOUD), null);
});

test("BandwidthEstimates knows each direction by itself, and forgets a node with its links", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(ONE_MBPS, 0);
  bandwidths.observe({ ...ONE_MBPS, from: CLOUD, to: EDGE_1 }, 0);
  bandwidths.observe({ ...ONE_MBPS, from: CLOUD, to: EDGE_2 }, 0);
  assert.is(bandwidths.between(EDGE_2, CLOUD), null);
  bandwidths.forget(EDGE_1);
  assert.is(bandwidths.between(EDGE_1, CLOUD), null);
  assert.is(bandwidths.between(CLOUD, EDGE_1), null);
  assert.is(bandwidths.between(CLOUD, EDGE_2)?.mbps, 1);
});

/** detect -> track, detect -> colour (reads frames too), both -> merge */
const FORKED = definePipeline(
  {
    id: "two",
    stages: [
      { id: "detect", service: "detect" },
      { id: "track", service: "track", after: ["detect"] },
      { id: "colour", service: "colour", after: ["detect"] },
      { id: "merge", service: "merge", after: ["track", "colour"] },
    ],
  },
  SERVICES,
);

const SCOPE = { pipeline: FORKED, sourceNode: EDGE_1, configuration: DEFAULT_CONFIGURATION };

test("transfersOf knows the size of raw frames that were gone when the task was stored, and not of images", () => {
  const hops = [hop("detect", "cloud", { enqueuedAtMs: 130 })];
  const gone = outcome(0, { createdAtMs: 100, hops, payloadBytes: 0, frameCount: 2 });
  const { width, height } = DEFAULT_CONFIGURATION;
  assert.is(transfersOf(gone, SCOPE)[0]?.bytes, width * height * 3 * 2);
  const images = { ...DEFAULT_CONFIGURATION, encoding: "jpeg" as const };
  assert.is(transfersOf(gone, { ...SCOPE, configuration: images })[0]?.bytes, 0);
});

test("transfersOf measures from the source's node to the first stage, and between stages", () => {
  const hops = [
    hop("detect", "edge-2", { enqueuedAtMs: 130, endedAtMs: 150 }),
    hop("colour", "cloud", { enqueuedAtMs: 200, endedAtMs: 210 }),
  ];
  assert.equal(transfersOf(outcome(0, { createdAtMs: 100, hops }), SCOPE), [
    { from: EDGE_1, to: EDGE_2, bytes: 1_000_000, durationMs: 30 },
    { from: EDGE_2, to: CLOUD, bytes: 1_000_000, durationMs: 50 },
  ]);
});

for (const { name, hops } of [
  { name: "a hop on the same node", hops: [hop("detect", "edge-1", { enqueuedAtMs: 130 })] },
  { name: "a second attempt", hops: [hop("detect", "cloud", { enqueuedAtMs: 130, attempt: 2 })] },
  { name: "clocks that disagree", hops: [hop("detect", "cloud", { enqueuedAtMs: 90 })] },
  { name: "a stage that the pipeline has not", hops: [hop("other", "cloud", { enqueuedAtMs: 130 })] },
  { name: "a hop whose predecessor is not known", hops: [hop("colour", "cloud", { enqueuedAtMs: 130 })] },
  {
    name: "a branch without the payload",
    hops: [hop("detect", "edge-1", { endedAtMs: 150 }), hop("track", "cloud", { enqueuedAtMs: 200 })],
  },
  {
    name: "a join",
    hops: [
      hop("detect", "edge-1", { endedAtMs: 150 }),
      hop("track", "edge-1", { endedAtMs: 160 }),
      hop("colour", "edge-1", { endedAtMs: 160 }),
      hop("merge", "cloud", { enqueuedAtMs: 200 }),
    ],
  },
]) {
  test(`transfersOf learns nothing from ${name}`, () => {
    assert.equal(transfersOf(outcome(0, { createdAtMs: 100, hops }), SCOPE), []);
  });
}

test.run();
