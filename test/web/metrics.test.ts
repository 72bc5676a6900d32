import * as assert from "uvu/assert";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseNodeName, parseSourceId, type PipelineId, type StageId } from "../../src/task/identity.js";
import type { TaskOutcome } from "../../src/task/reports.js";
import { LabelBound } from "../../src/web/metrics/label-bound.js";
import { createMetrics } from "../../src/web/metrics/metrics.js";
import { MemoryBudget } from "../../src/runtime/memory-budget.js";
import { test } from "../support/test.js";

const stored = (source: string, sequence: number, latencyMs: number): TaskOutcome => ({
  id: { sourceId: parseSourceId(source), incarnation: 1, sequence },
  outcome: { status: "stored" },
  pipelineId: "pair" as PipelineId,
  pipelineVersion: 1,
  configuration: parseConfiguration({}),
  hops: [
    {
      stage: "find" as StageId,
      node: parseNodeName("edge-1"),
      epoch: 1,
      attempt: 1,
      delivery: 1,
      sentAtMs: 1_004,
      enqueuedAtMs: 1_010,
      startedAtMs: 1_030,
      endedAtMs: 1_230,
    },
  ],
  frameCount: 3,
  payloadBytes: 300,
  sourceAtMs: 1_000,
  createdAtMs: 1_002,
  settledAtMs: 1_000 + latencyMs,
  delivery: 1,
  scene: { objects: 2, size: 0.1, speed: null },
});

const dropped = (source: string): TaskOutcome => ({
  ...stored(source, 9, 0),
  outcome: { status: "dropped", reason: "deadline" },
  pipelineId: null,
  pipelineVersion: null,
  configuration: null,
  delivery: null,
  scene: null,
  hops: [],
});

async function linesOf(outcomes: readonly TaskOutcome[]): Promise<readonly string[]> {
  const metrics = createMetrics();
  for (const outcome of outcomes) metrics.observe(outcome);
  const { body } = await metrics.answer();
  return body.split("\n");
}

test("what became of tasks is counted by source, and what a stage took by pipeline, stage and node", async () => {
  const lines = await linesOf([
    stored("gate", 0, 250),
    stored("gate", 1, 500),
    dropped("gate"),
    stored("yard", 0, 70_000),
  ]);
  for (const line of [
    'sluice_source_tasks_stored_total{source="gate"} 2',
    'sluice_source_tasks_stored_total{source="yard"} 1',
    'sluice_source_tasks_dropped_total{source="gate",reason="deadline"} 1',
    'sluice_source_frames_stored_total{source="gate"} 6',
    'sluice_source_payload_bytes_total{source="gate"} 600',
    'sluice_source_objects_total{source="gate"} 12',
    'sluice_task_latency_seconds_bucket{le="0.1",source="gate"} 0',
    'sluice_task_latency_seconds_bucket{le="0.25",source="gate"} 1',
    'sluice_task_latency_seconds_bucket{le="0.5",source="gate"} 2',
    'sluice_task_latency_seconds_sum{source="gate"} 0.75',
    'sluice_task_latency_seconds_bucket{le="60",source="yard"} 0',
    'sluice_task_latency_seconds_bucket{le="+Inf",source="yard"} 1',
    'sluice_stage_queue_seconds_sum{pipeline="pair",stage="find",node="edge-1"} 0.06',
    'sluice_stage_execute_seconds_count{pipeline="pair",stage="find",node="edge-1"} 3',
    'sluice_stage_execute_seconds_bucket{le="0.25",pipeline="pair",stage="find",node="edge-1"} 3',
    'sluice_stage_execute_seconds_bucket{le="0.1",pipeline="pair",stage="find",node="edge-1"} 0',
    'sluice_stage_transfer_seconds_bucket{le="0.01",pipeline="pair",stage="find",node="edge-1"} 3',
  ]) {
    assert.ok(lines.includes(line), `there is no line ${line}`);
  }
});

test("a source that calls itself anything at all takes no more than its label", async () => {
  const lines = await linesOf(Array.from({ length: 1_005 }, (_, index) => stored(`source-${index}`, 0, 10)));
  const series = lines.filter((line) => line.startsWith("sluice_source_tasks_stored_total{"));
  assert.is(series.length, 1_001);
  assert.ok(series.includes('sluice_source_tasks_stored_total{source="other"} 5'));
  assert.ok(lines.includes("sluice_metrics_folded_total 5"));
});

test("sets of labels that are known stay theirs when there is no room for more", () => {
  const bound = new LabelBound(2);
  assert.equal(bound.bound({ a: "1", b: "2" }), { a: "1", b: "2" });
  assert.equal(bound.bound({ a: "12", b: "" }), { a: "12", b: "" });
  assert.equal(bound.bound({ a: "1", b: "3" }), { a: "other", b: "other" });
  assert.equal(bound.bound({ a: "1", b: "2" }), { a: "1", b: "2" });
  assert.is(bound.folded, 1);
});

test("where the scheduler does not answer, its own metrics are missing and the others are there", async () => {
  const metrics = createMetrics();
  metrics.observe(stored("gate", 0, 10));
  let fails = true;
  const totals = {
    type: "totalsReported",
    sources: {},
    pending: 7,
    duplicates: 3,
    contradictions: 0,
    refused: 0,
    repairs: [],
    unvouched: 0,
    superseded: 0,
  } as const;
  const overhead = {
    rounds: 1,
    decisions: 4,
    failures: 0,
    stale: 0,
    lost: 0,
    postponed: 0,
    roundMs: { p50: 1, p99: 2 },
    decisionMs: { p50: 0.5, p99: 2 },
  };
  metrics.attach({
    deadLetters: { total: 0, countByReason: { stopped: 2 } as never, subscribe: () => () => {} },
    memory: new MemoryBudget(3_200),
    cluster: { links: [], security: { "token-invalid": 1 }, members: new Map() },
    requests: { 200: 5 },
    sinks: () => [],
    nextPosition: () => 0,
    now: () => 10_000,
    state() {
      if (fails) return Promise.reject(new Error("no answer"));
      return Promise.resolve({
        nodes: { type: "nodesReported", nodes: [] },
        table: { type: "tableReported", table: null, acknowledged: {}, explanations: {}, overhead },
        totals,
      });
    },
  });
  const without = (await metrics.answer()).body;
  assert.match(without, /^sluice_scrape_complete 0$/m);
  assert.match(without, /^sluice_source_tasks_stored_total\{source="gate"\} 1$/m);
  assert.match(without, /^sluice_dead_letters_total\{reason="stopped"\} 2$/m);
  assert.match(without, /^sluice_memory_max_bytes 3200$/m);
  assert.match(without, /^sluice_memory_held_bytes\{part="mail"\} 0$/m);
  assert.match(without, /^sluice_refusals_total\{kind="token-invalid"\} 1$/m);
  assert.not.match(without, /sluice_store_pending_records/);
  fails = false;
  const whole = (await metrics.answer()).body;
  assert.match(whole, /^sluice_scrape_complete 1$/m);
  assert.match(whole, /^sluice_store_pending_records 7$/m);
  assert.match(whole, /^sluice_store_duplicates_total 3$/m);
  assert.match(whole, /^sluice_scheduler_decision_seconds\{quantile="0.99"\} 0.002$/m);
});

test.run();
