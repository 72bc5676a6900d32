import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutcomeWindow, percentiles } from "../../../src/actors/scheduler/outcome-window.js";
import { outcome } from "./cluster.js";

test("OutcomeWindow keeps the newest outcomes and counts what it keeps", () => {
  const window = new OutcomeWindow(3);
  window.add(outcome(0, { outcome: { status: "dropped", reason: "deadline" } }));
  for (let sequence = 1; sequence <= 3; sequence++) window.add(outcome(sequence));
  assert.equal(
    window.outcomes.map(({ id }) => id.sequence),
    [1, 2, 3],
  );
  assert.is(window.stored, 3);
  assert.is(window.dropped, 0);
});

test("OutcomeWindow takes latency from source to stored, and none from drops", () => {
  const window = new OutcomeWindow();
  assert.is(window.latencyMs(), null);
  window.add(outcome(0, { outcome: { status: "dropped", reason: "deadline" }, settledAtMs: 9_999 }));
  assert.is(window.latencyMs(), null);
  for (let ms = 1; ms <= 100; ms++) window.add(outcome(ms, { sourceAtMs: 1_000, settledAtMs: 1_000 + ms }));
  assert.equal(window.latencyMs(), { p50: 50, p95: 95, p99: 99 });
  window.add(outcome(101, { sourceAtMs: 0, settledAtMs: 5_000 }));
  assert.is(window.latencyMs()?.p99, 100);
});

test("percentiles are of the nearest rank", () => {
  assert.equal(percentiles([7]), { p50: 7, p95: 7, p99: 7 });
  assert.equal(percentiles([10, 2]), { p50: 2, p95: 10, p99: 10 });
});

test.run();
