/** The object that `--json` prints, checked field by field. */

import * as assert from "uvu/assert";

export interface Summary {
  readonly tasks: {
    readonly created: number;
    readonly stored: number;
    readonly dropped: Readonly<Record<string, number>>;
    readonly inFlight: number;
  };
  readonly latencyMs: Readonly<Record<"p50" | "p95" | "p99", number | null>>;
  readonly stages: Readonly<Record<string, StageFigures>>;
  readonly epoch: number;
  /** That hops were routed by. */
  readonly epochs: readonly number[];
  readonly nodes: readonly { readonly name: string; readonly role: "cloud" | "edge"; readonly pid: number }[];
  readonly results: { readonly objects: number; readonly tracks: number; readonly frames: number };
  readonly durationMs: number;
}

interface StageFigures {
  readonly node: string;
  readonly nodes: Readonly<Record<string, number>>;
  readonly count: number;
  readonly queueMs: number;
  readonly transferMs: number;
  readonly executeMs: number;
}

/** Parses the last line of standard output; the types are asserted, and so is the law of conservation. */
export function summaryOf(stdout: string): Summary {
  const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;
  const { tasks, latencyMs, stages, epoch, results, durationMs } = summary;
  const dropped = Object.values(tasks.dropped);
  for (const count of [tasks.created, tasks.stored, tasks.inFlight, results.objects, epoch, ...dropped]) {
    assert.ok(Number.isSafeInteger(count) && count >= 0, stdout);
  }
  assert.is(tasks.created, tasks.stored + dropped.reduce((a, b) => a + b, 0) + tasks.inFlight);
  const latencies = [latencyMs.p50, latencyMs.p95, latencyMs.p99];
  if (tasks.stored === 0) {
    assert.equal(latencies, [null, null, null]);
  } else {
    const [p50, p95, p99] = latencies.map(Number);
    assert.ok(p50 !== undefined && p95 !== undefined && p99 !== undefined, stdout);
    assert.ok(0 < p50 && p50 <= p95 && p95 <= p99, stdout);
  }
  for (const { node, count, queueMs, transferMs, executeMs } of Object.values(stages)) {
    assert.type(node, "string");
    assert.ok(Number.isSafeInteger(count) && count > 0, stdout);
    for (const part of [queueMs, transferMs, executeMs]) assert.ok(part >= 0, stdout);
  }
  assert.ok(durationMs > 0);
  return summary;
}
