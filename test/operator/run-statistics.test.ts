import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { placeRecord, type NewRecord } from "../../src/storage/results/store.js";
import {
  addRecord,
  createRunStatistics,
  summarise,
  type RunSummary,
} from "../../src/operator/run-statistics.js";
import type { StoredRecord, StoredResult } from "../../src/task/record.js";
import { parseNodeName } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { newRecord, newRecords } from "../support/records.js";
import { SERVICES } from "../task/pipelines.js";

/** What the records of the tests walk. */
const pipeline = definePipeline(
  {
    id: "default",
    stages: [
      { id: "motion", service: "detect" },
      { id: "tracking", service: "track", after: ["motion"] },
      { id: "colour", service: "blind", after: ["tracking"] },
    ],
  },
  SERVICES,
);

function summaryOf(records: readonly NewRecord[], known = true): RunSummary {
  const statistics = createRunStatistics();
  for (const [position, record] of records.entries()) {
    addRecord(statistics, placeRecord(record, position), () => (known ? pipeline : undefined));
  }
  return summarise(statistics);
}

function result(sequence: number, changes: Partial<StoredResult> = {}): NewRecord {
  const record = newRecord({ sequence });
  if (record.type !== "result") throw new Error("a gap");
  return { ...record, ...changes };
}

const near = (actual: number | undefined, wanted: number) =>
  assert.ok(actual !== undefined && Math.abs(actual - wanted) / wanted < 0.01, `${actual} for ${wanted}`);

test("summarise of nothing has no latency and no stage", () => {
  assert.equal(summaryOf([]), {
    stored: 0,
    dropped: {},
    latencyMs: null,
    stages: {},
    epochs: [],
    frames: 0,
    objects: 0,
    tracks: 0,
    found: [],
  });
});

test("addRecord counts results, their frames and objects, and gaps by reason", () => {
  const records = [...newRecords(3, { detections: 4 }), ...newRecords(5, { gap: true, source: "cam-2" })];
  const { stored, frames, objects, dropped } = summaryOf(records);
  assert.equal([stored, frames, objects], [3, 6, 12]);
  assert.equal(dropped, { deadline: 3, poison: 2 });
});

test("addRecord takes the latency from the source timestamp to stored, in ms", () => {
  const at = (sequence: number, latencyMs: number) =>
    result(sequence, { sourceAtMs: 10_000, createdAtMs: 10_000, storedAtMs: 10_000 + latencyMs });
  const { latencyMs } = summaryOf(Array.from({ length: 100 }, (_, index) => at(index, index + 1)));
  near(latencyMs?.p50, 50);
  near(latencyMs?.p95, 95);
  near(latencyMs?.p99, 99);
  assert.ok((summaryOf([at(0, -3)]).latencyMs?.p50 ?? -1) >= 0, "also where a clock stepped back");
});

test("addRecord splits the time of each stage, and names the node that ran most of it", () => {
  const [edge, cloud] = [parseNodeName("edge-1"), parseNodeName("cloud")];
  const hops = (node: typeof edge, startMs: number): StoredResult["hops"] =>
    pipeline.stages.map(({ id }, index) => {
      const enqueuedAtMs = startMs + index * 10 + 1;
      const [startedAtMs, endedAtMs] = [enqueuedAtMs + 2, enqueuedAtMs + 2 + 7];
      return {
        stage: id,
        node,
        epoch: 3 + index,
        attempt: 1,
        delivery: 1,
        enqueuedAtMs,
        startedAtMs,
        endedAtMs,
      };
    });
  const times = { sourceAtMs: 999, createdAtMs: 1_000, storedAtMs: 1_040 };
  const records = [edge, cloud, edge].map((node, index) =>
    result(index, { ...times, hops: hops(node, 1_000) }),
  );
  const { stages, epochs } = summaryOf(records);
  assert.equal(Object.keys(stages), ["motion", "tracking", "colour"]);
  assert.equal(stages["tracking"], {
    node: "edge-1",
    nodes: { "edge-1": 2, cloud: 1 },
    count: 3,
    frames: 6,
    transferMs: 1,
    queueMs: 2,
    executeMs: 7,
  });
  assert.equal(epochs, [3, 4, 5]);
});

test("addRecord counts results of a pipeline that it does not know, but not their stages", () => {
  const { stored, stages } = summaryOf(newRecords(2), false);
  assert.is(stored, 2);
  assert.equal(stages, {});
});

test("tracks are counted once for each incarnation of a source, whatever the order of their results", () => {
  const tracked = (source: string, trackIds: readonly number[]): NewRecord => {
    const frame = trackIds.map((trackId) => ({
      x: 0,
      y: 0,
      width: 1,
      height: 1,
      score: 1,
      label: "",
      trackId,
    }));
    const record = newRecord({ source, sequence: 0 });
    const results = { tracking: { type: "tracks", frames: [frame] } };
    return record.type === "result" ? { ...record, results } : record;
  };
  const records = [tracked("a", [1, 2]), tracked("b", [1]), tracked("a", [2, 5]), tracked("a", [4])];
  assert.is(summaryOf(records).tracks, 6);
});

test("what is kept of a run is bounded: the newest epochs, and sources by the thousand", () => {
  const statistics = createRunStatistics();
  const add = (record: StoredRecord) => addRecord(statistics, record, () => pipeline);
  for (let index = 0; index < 3_000; index += 1) {
    const record = placeRecord(newRecord({ source: `cam-${index}`, sequence: index, detections: 2 }), index);
    if (record.type !== "result") throw new Error("a gap");
    add({ ...record, hops: record.hops.map((hop) => ({ ...hop, epoch: index + 1 })) });
  }
  const { epochs, tracks } = summarise(statistics);
  assert.equal([epochs.length, epochs.at(-1), tracks], [1_000, 3_000, 3_000]);
  assert.ok(statistics.tracksBySource.size <= 1_024);
});

test.run();
