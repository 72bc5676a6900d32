import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { OutcomeWindow, percentiles } from "../../src/scheduling/outcome-window.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import type { TaskOutcome } from "../../src/task/reports.js";
import { hop, outcome } from "../actors/scheduler/cluster.js";

const dropped = (sequence: number, changes: Partial<TaskOutcome> = {}) =>
  outcome(sequence, {
    outcome: { status: "dropped", reason: "deadline" },
    configuration: null,
    pipelineVersion: null,
    ...changes,
  });

test("OutcomeWindow keeps the last outcomes and counts what they were", () => {
  const window = new OutcomeWindow(0, 3);
  for (let sequence = 0; sequence < 4; sequence++)
    window.add(outcome(sequence, { sourceAtMs: 0, settledAtMs: sequence }), 0);
  window.add(dropped(4), 0);
  const { latenciesMs, stored, dropped: count, drops, ageMs } = window.report(7, null);
  assert.equal([...latenciesMs], [2, 3, Number.POSITIVE_INFINITY]);
  assert.is(stored, 2);
  assert.is(count, 1);
  assert.equal(drops, { deadline: 1 });
  assert.is(ageMs, 7);
});

test("OutcomeWindow reports latency over stored tasks, those that came late, were delivered again, and what was to be seen", () => {
  const window = new OutcomeWindow(0);
  assert.is(window.report(0, null).latencyMs, null);
  window.add(dropped(0, { settledAtMs: 90_000 }), 0);
  assert.is(window.report(0, null).latencyMs, null);
  for (let sequence = 1; sequence <= 100; sequence++) {
    const scene = { objects: sequence % 2, size: sequence % 2 === 0 ? null : 0.25, speed: null };
    const made = { sourceAtMs: 0, createdAtMs: sequence * 100, delivery: sequence > 97 ? 2 : 1 };
    window.add(outcome(sequence, { ...made, settledAtMs: sequence, scene }), 0);
  }
  const { latencyMs, late, scene, redelivered, tasksPerS } = window.report(0, 90);
  assert.equal(latencyMs, { p50: 50, p95: 95, p99: 99 });
  assert.is(late, 10);
  assert.equal(scene, { objects: 0.5, size: 0.25, speed: null });
  assert.is(redelivered, 3);
  assert.is(tasksPerS, 10);
  assert.is(window.report(0, 40).late, 60);
});

test("OutcomeWindow credits a plan with outcomes of its own configuration, version and epoch, and with no others", () => {
  const window = new OutcomeWindow(0);
  window.add(outcome(0), 0);
  const credit = { configuration: DEFAULT_CONFIGURATION, epoch: 5, atMs: 1_000, pipelineVersion: 1 };
  window.restart(credit, 2_000);
  assert.is(window.report(5_000, null).stored, 0);
  assert.is(window.report(5_000, null).planAgeMs, 3_000);
  const hops = [hop("detect", "cloud", { epoch: 5 })];
  assert.not(window.add(outcome(1, { hops: [hop("detect", "cloud", { epoch: 4 })] }), 0));
  assert.not(window.add(outcome(2, { hops, configuration: { ...DEFAULT_CONFIGURATION, fps: 1 } }), 0));
  assert.not(window.add(outcome(3, { hops, pipelineVersion: 2 }), 0));
  assert.not(window.add(dropped(4, { sourceAtMs: 999 }), 0));
  assert.ok(window.add(outcome(5, { hops }), 0));
  assert.ok(window.add(dropped(6, { sourceAtMs: 1_000 }), 0));
  assert.is(window.report(5_000, null).latenciesMs.length, 2);
});

test("OutcomeWindow credits a plan with nothing that was on its way together with tasks of the plan before", () => {
  const window = new OutcomeWindow(0);
  const small = { ...DEFAULT_CONFIGURATION, fps: 1 };
  window.restart({ configuration: small, epoch: 5, atMs: 1_000, pipelineVersion: 1 }, 0);
  const ours = (sequence: number, sourceAtMs: number, settledAtMs: number) =>
    outcome(sequence, {
      sourceAtMs,
      settledAtMs,
      configuration: small,
      hops: [hop("detect", "cloud", { epoch: 5 })],
    });
  const before = (sequence: number, settledAtMs: number, delivery = 1) =>
    outcome(sequence, {
      sourceAtMs: 900,
      settledAtMs,
      delivery,
      hops: [hop("detect", "cloud", { epoch: 4 })],
    });
  assert.ok(window.add(ours(1, 1_100, 3_000), 2_000));
  assert.not(window.add(before(2, 8_000), 7_000));
  assert.is(window.report(7_500, null).stored, 0, "what came before may have waited, too");
  assert.is(window.report(7_500, null).planAgeMs, 500);
  assert.not(window.add(ours(3, 7_900, 9_000), 8_000));
  assert.ok(window.add(ours(4, 8_000, 9_000), 8_000));
  assert.not(window.add(before(5, 30_000, 2), 29_000), "a later delivery holds nobody up");
  assert.is(window.report(29_000, null).stored, 1);
});

test("percentiles are nearest ranks", () => {
  assert.equal(percentiles([5]), { p50: 5, p95: 5, p99: 5 });
  assert.equal(percentiles([3, 1, 2]), { p50: 2, p95: 3, p99: 3 });
});

test.run();
