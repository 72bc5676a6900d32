import * as assert from "uvu/assert";
import { logPage } from "../../apps/cli/log-page.js";
import { RunLogBuilder } from "../../src/operator/run-log.js";
import { placeRecord, type NewRecord } from "../../src/storage/results/store.js";
import type { StoredRecord } from "../../src/task/record.js";
import { newRecord, NOW_MS } from "../support/records.js";
import { test } from "../support/test.js";

const result = (
  sequence: number,
  atMs: number,
  changed: Partial<Extract<NewRecord, { type: "result" }>> = {},
): StoredRecord => {
  const record = newRecord({ sequence, storedAtMs: NOW_MS + atMs }) as Extract<NewRecord, { type: "result" }>;
  return placeRecord({ ...record, ...changed }, sequence);
};
const gap = (sequence: number, atMs: number): StoredRecord =>
  placeRecord(newRecord({ sequence, storedAtMs: NOW_MS + atMs, gap: true }), sequence);

test("a log of a run has percentiles by stage and node, and drops by reason", () => {
  const builder = new RunLogBuilder();
  for (let index = 0; index < 100; index++) builder.add(result(index, index * 10));
  for (let index = 100; index < 104; index++) builder.add(gap(index, 1_500));
  const report = builder.report();
  assert.equal(report.dropped, { deadline: 2, poison: 2 });
  assert.equal(
    report.stages.map(({ stage, node, tasks }) => [stage, node, tasks]),
    [
      ["motion", "edge-1", 100],
      ["tracking", "edge-1", 100],
      ["colour", "edge-1", 100],
    ],
  );
  const [{ queue, execute, transfer } = { queue: null, execute: null, transfer: null }] = report.stages;
  for (const parts of [queue, execute])
    assert.ok(Math.abs((parts?.p95 ?? 0) - 10) < 0.1, JSON.stringify(parts));
  assert.is(transfer, null);
  assert.ok(Math.abs((report.latency?.p50 ?? 0) - 50.125) < 0.1);
  assert.equal(
    report.buckets.map(({ stored, dropped }) => [stored, dropped]),
    [
      [100, {}],
      [0, { deadline: 2, poison: 2 }],
    ],
  );
});

test("a log of a long run becomes coarser, and loses nothing", () => {
  const builder = new RunLogBuilder();
  for (let index = 0; index < 5_000; index++) builder.add(result(index, index * 60_000));
  const { buckets, bucketMs } = builder.report();
  assert.ok(buckets.length <= 240 && buckets.length > 100, String(buckets.length));
  assert.is(bucketMs, 2 ** 11 * 1_000);
  assert.is(
    buckets.reduce((sum, { stored }) => sum + stored, 0),
    5_000,
  );
  assert.is(
    buckets.reduce((sum, { latency }) => sum + (latency?.count ?? 0), 0),
    5_000,
  );
});

test("a log of a run has its first plan and each change of it", () => {
  const builder = new RunLogBuilder();
  const small = { width: 320, height: 180, fps: 5, framesPerTask: 1, encoding: "rgb", quality: 85 } as const;
  builder.add(result(0, 0));
  builder.add(result(1, 100));
  builder.add(result(2, 200, { configuration: small }));
  builder.add(result(3, 300, { configuration: small }));
  assert.equal(
    builder.report().plans.map(({ atMs, capture }) => [atMs - NOW_MS, capture]),
    [
      [0, "640x360 at 10 fps, 2 a task, jpeg 85"],
      [200, "320x180 at 5 fps, 1 a task, rgb"],
    ],
  );
});

test("the page of a log has its plots, asks for nothing, and obeys no name", () => {
  const builder = new RunLogBuilder();
  for (let index = 0; index < 10; index++) builder.add(result(index, index * 1_000));
  builder.add(gap(10, 5_000));
  const page = logPage("<img onerror=alert(1)>", builder.report());
  assert.match(page, /<polyline[^>]* points="[\d., ]+"/);
  assert.match(page, /<rect /);
  assert.not.match(page, /<img|<script|https?:|NaN|Infinity/);
  assert.match(page, /default-src 'none'/);
});

test.run();
