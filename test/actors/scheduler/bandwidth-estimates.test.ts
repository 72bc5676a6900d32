import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  BandwidthEstimates,
  transfersOf,
  TRANSFER_BYTES_MIN,
  type Transfer,
} from "../../../src/actors/scheduler/bandwidth-estimates.js";
import type { Hop } from "../../../src/task/task.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { SERVICES } from "../../task/pipelines.js";
import { CLOUD, EDGE_1, EDGE_2, hop, outcome } from "./cluster.js";

/** Sent when the one before has arrived: at `index`, 125 kB. */
const crossing = (index: number, { durationMs = 1_000, bytes = 125_000 } = {}): Transfer => ({
  from: EDGE_1,
  to: CLOUD,
  bytes,
  sentAtMs: index * 10_000,
  arrivedAtMs: index * 10_000 + durationMs,
});

test("BandwidthEstimates takes the first observation, then moves by a fifth of the time that a bit takes", () => {
  const bandwidths = new BandwidthEstimates();
  assert.is(bandwidths.between(EDGE_1, CLOUD), null);
  bandwidths.observe(crossing(0), 10);
  assert.equal(bandwidths.between(EDGE_1, CLOUD), { mbps: 1, observedAtMs: 10 });
  bandwidths.observe(crossing(1, { durationMs: 500 }), 20);
  const { mbps, observedAtMs } = bandwidths.between(EDGE_1, CLOUD) ?? {};
  assert.ok(Math.abs((mbps ?? 0) - 1 / (1 + (1 - Math.exp(-0.25)) * (0.5 - 1))) < 1e-9, `${mbps}`);
  assert.is(observedAtMs, 20);
});

test("BandwidthEstimates knows of a link that went from 100 to 2 Mbit/s after two tasks, and forgives one that was held up", () => {
  const bandwidths = new BandwidthEstimates();
  let index = 0;
  const fast = () => bandwidths.observe(crossing(index++, { durationMs: 10 }), 0);
  const slow = () => bandwidths.observe(crossing(index++, { durationMs: 500 }), 0);
  for (let times = 0; times < 10; times++) fast();
  slow();
  assert.is(Math.round(bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0), 100);
  fast();
  assert.is(Math.round(bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0), 100);
  slow();
  slow();
  assert.is(Math.round(bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0), 2);
  fast();
  fast();
  assert.is(Math.round(bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0), 100, "and back");
});

test("BandwidthEstimates knows at once of a link that has collapsed", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(crossing(0, { durationMs: 10 }), 0);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 100);
  bandwidths.observe(crossing(1, { durationMs: 8_000, bytes: 2_000_000 }), 0);
  const mbps = bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0;
  assert.ok(mbps < 4, `${mbps} of 2 Mbit/s`);
});

test("BandwidthEstimates takes half of a known round trip for latency", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(crossing(0, { durationMs: 1_020 }), 0, 40);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 1);
  bandwidths.observe(crossing(1, { durationMs: 15 }), 5, 40);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.observedAtMs, 0);
});

test("BandwidthEstimates counts no time for which a transfer waited for those before it on the link", () => {
  const bandwidths = new BandwidthEstimates();
  for (let index = 0; index < 16; index++) {
    bandwidths.observe(
      { from: EDGE_1, to: CLOUD, bytes: 125_000, sentAtMs: index, arrivedAtMs: 1_000 * (index + 1) },
      0,
      0,
    );
  }
  const mbps = bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0;
  assert.ok(Math.abs(mbps - 1) < 1e-9, `${mbps} of 1 Mbit/s`);
});

test("BandwidthEstimates takes a link for no faster as its far end stands still and then reads many transfers at once", () => {
  const bandwidths = new BandwidthEstimates();
  let fastest = 0;
  for (let index = 0; index < 100; index++) {
    // 43,200 bytes at 2 Mbit/s, read by an event loop that wakes every second.
    const crossedAtMs = 172.8 * (index + 1);
    const arrivedAtMs = Math.ceil(crossedAtMs / 1_000) * 1_000 + (index % 10) * 0.3;
    bandwidths.observe({ from: EDGE_1, to: CLOUD, bytes: 43_200, sentAtMs: 111 * index, arrivedAtMs }, 0, 4);
    fastest = Math.max(fastest, bandwidths.between(EDGE_1, CLOUD)?.mbps ?? 0);
  }
  assert.ok(fastest < 3, `${fastest} of 2 Mbit/s`);
});

test("BandwidthEstimates learns nothing from a transfer that it hears of after a later one", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(crossing(1), 0);
  bandwidths.observe(crossing(0, { durationMs: 1 }), 5);
  assert.equal(bandwidths.between(EDGE_1, CLOUD), { mbps: 1, observedAtMs: 0 });
});

test("BandwidthEstimates learns nothing from a small transfer", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(crossing(0, { bytes: TRANSFER_BYTES_MIN - 1, durationMs: 40 }), 0);
  assert.is(bandwidths.between(EDGE_1, CLOUD), null);
  bandwidths.observe(crossing(1, { bytes: 12_500, durationMs: 100 }), 0);
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 1, "but from one that takes long");
});

test("BandwidthEstimates knows each direction by itself, and forgets a node with its links", () => {
  const bandwidths = new BandwidthEstimates();
  bandwidths.observe(crossing(0), 0);
  bandwidths.observe({ ...crossing(0), from: CLOUD, to: EDGE_1 }, 0);
  bandwidths.observe({ ...crossing(0), from: CLOUD, to: EDGE_2 }, 0);
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

const SCOPE = { pipeline: FORKED, sourceNode: EDGE_1 };
const sent = (stage: string, at: string, sentAtMs: number, arrivedAtMs: number, changes: Partial<Hop> = {}) =>
  hop(stage, at, { sentAtMs, enqueuedAtMs: arrivedAtMs, ...changes });

test("transfersOf measures from the link's send to its arrival: from the source's node, and between stages", () => {
  const hops = [
    sent("detect", "edge-2", 30_100, 30_130, { endedAtMs: 30_150 }),
    sent("colour", "cloud", 40_000, 40_050),
  ];
  assert.equal(transfersOf(outcome(0, { createdAtMs: 100, hops }), SCOPE), [
    { from: EDGE_1, to: EDGE_2, bytes: 1_000_000, sentAtMs: 30_100, arrivedAtMs: 30_130 },
    { from: EDGE_2, to: CLOUD, bytes: 1_000_000, sentAtMs: 40_000, arrivedAtMs: 40_050 },
  ]);
});

test("BandwidthEstimates is not moved by 16 tasks that had waited 30 s and were delivered again", () => {
  const bandwidths = new BandwidthEstimates();
  const learn = (sequence: number, changes: Partial<Hop>) => {
    const hops = [sent("detect", "cloud", 100_000 * sequence, 100_000 * sequence + 100, changes)];
    const learned = outcome(sequence, { createdAtMs: 100_000 * sequence - 30_000, hops });
    for (const transfer of transfersOf(learned, SCOPE)) bandwidths.observe(transfer, 0);
  };
  learn(0, {});
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 80);
  // Nor does how long it waited before a first delivery count.
  learn(1, {});
  for (let sequence = 2; sequence < 18; sequence++) {
    const sentAtMs = 100_000 * sequence - 30_000;
    learn(sequence, { delivery: 2, sentAtMs });
  }
  assert.is(bandwidths.between(EDGE_1, CLOUD)?.mbps, 80);
});

for (const { name, hops } of [
  { name: "a hop on the same node", hops: [sent("detect", "edge-1", 100, 130)] },
  { name: "a hop that no link brought", hops: [hop("detect", "cloud", { enqueuedAtMs: 130 })] },
  { name: "a second attempt", hops: [sent("detect", "cloud", 100, 130, { attempt: 2 })] },
  { name: "a second delivery", hops: [sent("detect", "cloud", 100, 130, { delivery: 2 })] },
  { name: "a stage that the pipeline has not", hops: [sent("other", "cloud", 100, 130)] },
  { name: "a hop whose predecessor is not known", hops: [sent("colour", "cloud", 100, 130)] },
  {
    name: "a branch without the payload",
    hops: [hop("detect", "edge-1", { endedAtMs: 150 }), sent("track", "cloud", 160, 200)],
  },
  {
    name: "a join",
    hops: [
      hop("detect", "edge-1", { endedAtMs: 150 }),
      hop("track", "edge-1", { endedAtMs: 160 }),
      hop("colour", "edge-1", { endedAtMs: 160 }),
      sent("merge", "cloud", 170, 200),
    ],
  },
]) {
  test(`transfersOf learns nothing from ${name}`, () => {
    assert.equal(transfersOf(outcome(0, { createdAtMs: 100, hops }), SCOPE), []);
  });
}

test.run();
