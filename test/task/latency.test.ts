import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseStageId } from "../../src/task/identity.js";
import { breakdown, type Latency } from "../../src/task/latency.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { Hop } from "../../src/task/task.js";
import { NODE, pipelineOf, randomPipeline } from "./pipelines.js";

function hop(stage: string, enqueuedAtMs: number, startedAtMs: number, endedAtMs: number): Hop {
  return {
    stage: parseStageId(stage),
    node: NODE,
    epoch: 1,
    attempt: 1,
    delivery: 1,
    enqueuedAtMs,
    startedAtMs,
    endedAtMs,
  };
}

function sumAlongPath({ stages, criticalPath, captureMs, deliveryMs, storeMs }: Latency): number {
  let sum = captureMs + deliveryMs + storeMs;
  for (const stage of criticalPath) {
    const parts = stages.get(stage);
    sum += parts === undefined ? Number.NaN : parts.transferMs + parts.queueMs + parts.executeMs;
  }
  return sum;
}

/** Durations of each stage, some below zero as clocks of two nodes may have it, and some hops left out. */
function randomHops(
  pipeline: Pipeline,
  parts: readonly (readonly number[])[],
  keep: readonly boolean[],
): readonly Hop[] {
  const endOf = new Map<string, number>();
  return pipeline.stages.flatMap((stage, index) => {
    const ready = Math.max(100, ...stage.predecessors.map((id) => endOf.get(id) ?? 100));
    const [transfer = 0, queue = 0, execute = 0] = parts[index] ?? [];
    const end = ready + transfer + queue + execute;
    endOf.set(stage.id, keep[index] === false ? ready : end);
    return keep[index] === false ? [] : [hop(stage.id, ready + transfer, ready + transfer + queue, end)];
  });
}

const durations = fc.array(
  fc.array(fc.double({ min: -5, max: 500, noNaN: true }), { minLength: 3, maxLength: 3 }),
  {
    minLength: 9,
    maxLength: 9,
  },
);

test("breakdown has parts that add up along the critical path to the whole, on any DAG and any clocks", () => {
  const keeps = fc.array(fc.boolean(), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(randomPipeline, durations, keeps, fc.boolean(), (pipeline, parts, keep, arrived) => {
      const times = {
        sourceAtMs: 3,
        createdAtMs: 100,
        storedAtMs: 9_000,
        ...(arrived && { arrivedAtMs: 8_500 }),
      };
      const latency = breakdown(pipeline, randomHops(pipeline, parts, keep), times);
      assert.is(latency.totalMs, 8_997);
      assert.ok(Math.abs(sumAlongPath(latency) - latency.totalMs) < 1e-6);
    }),
    { numRuns: 300 },
  );
});

test("breakdown walks a critical path of edges from a root to a leaf", () => {
  fc.assert(
    fc.property(randomPipeline, durations, (pipeline, parts) => {
      const times = { sourceAtMs: 0, createdAtMs: 100, storedAtMs: 9_000 };
      const { criticalPath } = breakdown(pipeline, randomHops(pipeline, parts, []), times);
      const stages = criticalPath.map((id) => pipeline.stages.find((stage) => stage.id === id));
      assert.is(stages[0]?.predecessors.length, 0);
      assert.is(stages.at(-1)?.successors.length, 0);
      for (const [index, id] of criticalPath.slice(1).entries()) {
        assert.ok(stages[index]?.successors.includes(id));
      }
    }),
  );
});

test("breakdown gives the same for hops in any order", () => {
  fc.assert(
    fc.property(randomPipeline, durations, (pipeline, parts) => {
      const times = { sourceAtMs: 0, createdAtMs: 100, storedAtMs: 9_000 };
      const hops = randomHops(pipeline, parts, []);
      assert.equal(breakdown(pipeline, hops.toReversed(), times), breakdown(pipeline, hops, times));
    }),
  );
});

test("breakdown splits a diamond by the slower side, and starts the join's transfer where it ended", () => {
  const pipeline = pipelineOf({ a: [], fast: ["a"], slow: ["a"], d: ["fast", "slow"] });
  const hops = [
    hop("a", 101, 103, 110),
    hop("fast", 111, 112, 115),
    hop("slow", 112, 120, 160),
    hop("d", 165, 166, 170),
  ];
  const times = { sourceAtMs: 90, createdAtMs: 100, arrivedAtMs: 172, storedAtMs: 180 };
  const latency = breakdown(pipeline, hops, times);
  assert.equal(latency.criticalPath, ["a", "slow", "d"]);
  assert.equal(
    [...latency.stages],
    [
      ["a", { transferMs: 1, queueMs: 2, executeMs: 7 }],
      ["fast", { transferMs: 1, queueMs: 1, executeMs: 3 }],
      ["slow", { transferMs: 2, queueMs: 8, executeMs: 40 }],
      ["d", { transferMs: 5, queueMs: 1, executeMs: 4 }],
    ],
  );
  assert.equal([latency.totalMs, latency.captureMs, latency.deliveryMs, latency.storeMs], [90, 10, 2, 8]);
});

test("breakdown puts delivery into the store's part where the arrival is not known", () => {
  const { deliveryMs, storeMs } = breakdown(pipelineOf({ a: [] }), [hop("a", 100, 100, 110)], {
    sourceAtMs: 100,
    createdAtMs: 100,
    storedAtMs: 115,
  });
  assert.equal([deliveryMs, storeMs], [0, 5]);
});

test.run();
