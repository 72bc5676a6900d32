/**
 * The store on level, on this machine's disk, with records of the default pipeline (three stages, four detections,
 * two frames; 2.6 KB of JSON).
 *
 * Measured: appends, each batch on disk (`sync`) before the next one, by batch size, with the latency of a batch;
 * reading by position, query by time and by source, iteration over everything; totals of bytes on disk; JSON beside
 * `v8.serialize` for one record. Not measured: the distributor around the store, several writers, a cold page cache.
 * The first row of each table is the baseline. Every row checks what it counted.
 *
 * Usage: `node dist/bench/micro/store.js [FOLDER]`: the folder decides which disk is measured.
 */

import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { iterateRecords } from "../../src/storage/results/read-store.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { pageAfter, type NewRecord, type Store } from "../../src/storage/results/store.js";
import type { ResultQuery } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import { newRecord, NOW_MS } from "../../test/support/records.js";
import { percentile, report } from "../report.js";

const BATCH_SIZES = [1, 10, 100, 1_000];
/** Records a row, and batches where those are smaller. */
const RECORDS_MAX = 10_000;
const BATCHES_MAX = 500;
const SOURCES = 4;
const CODEC_ROUNDS = 20_000;

const record = (sequence: number): NewRecord =>
  newRecord({
    source: `cam-${sequence % SOURCES}`,
    sequence,
    storedAtMs: NOW_MS + sequence / 10,
    detections: 4,
  });

const folder = await mkdtemp(join(process.argv[2] ?? tmpdir(), "sluice-bench-"));
try {
  benchCodecs();
  await benchAppends();
  await benchReads();
} finally {
  await rm(folder, { recursive: true, force: true });
}

function benchCodecs(): void {
  const value = record(1);
  const json = JSON.stringify(value);
  const binary = serialize(value);
  const rows = {
    JSON: codecRow(
      json.length,
      () => JSON.stringify(value),
      () => JSON.parse(json),
    ),
    "v8.serialize": codecRow(
      binary.length,
      () => serialize(value),
      () => deserialize(binary),
    ),
  };
  report("Encoding one record", rows);
}

function codecRow(bytes: number, encode: () => unknown, decode: () => unknown): Record<string, number> {
  return { bytes, "encode us": microsEach(encode), "decode us": microsEach(decode) };
}

function microsEach(work: () => unknown): number {
  let kept: unknown;
  for (let i = 0; i < CODEC_ROUNDS / 4; i++) kept = work();
  const startedAtMs = performance.now();
  for (let i = 0; i < CODEC_ROUNDS; i++) kept = work();
  const micros = ((performance.now() - startedAtMs) * 1_000) / CODEC_ROUNDS;
  assert.ok(kept !== undefined);
  return round(micros);
}

async function benchAppends(): Promise<void> {
  const rows: Record<string, Record<string, number>> = {};
  for (const size of BATCH_SIZES) {
    const store = await openStore(join(folder, `append-${size}`));
    const batches = Math.min(BATCHES_MAX, Math.floor(RECORDS_MAX / size));
    const durations: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const records = Array.from({ length: size }, (_, i) => record(batch * size + i));
      const startedAtMs = performance.now();
      const appended = await store.append(records);
      durations.push(performance.now() - startedAtMs);
      assert.ok(appended.every(({ status }) => status === "stored"));
    }
    const count = batches * size;
    assert.equal(store.recordCount, count);
    assert.equal((await store.append([record(0)]))[0]?.status, "existing");
    const totalMs = durations.reduce((a, b) => a + b, 0);
    rows[`batch of ${size}`] = {
      records: count,
      "durable/s": Math.round((count * 1_000) / totalMs),
      "p50 ms": round(percentile(durations, 0.5)),
      "p95 ms": round(percentile(durations, 0.95)),
      "p99 ms": round(percentile(durations, 0.99)),
      samples: durations.length,
      "bytes/record": Math.round((await store.sizeBytes()) / count),
    };
    await store.close();
  }
  report("Append, each batch on disk before the next", rows);
}

async function benchReads(): Promise<void> {
  const store = await openStore(join(folder, "read"));
  for (let from = 0; from < RECORDS_MAX; from += 1_000) {
    await store.append(Array.from({ length: 1_000 }, (_, i) => record(from + i)));
  }
  const ofOne = { sourceId: parseSourceId("cam-1") };
  const rows = {
    "read by position, 256 at once": await readRow(RECORDS_MAX, () => readAll(store)),
    "iterate everything": await readRow(RECORDS_MAX, () => iterateAll(store)),
    "query, pages of 100": await readRow(RECORDS_MAX, () => queryAll(store, { limit: 100 })),
    "query one source, pages of 100": await readRow(RECORDS_MAX / SOURCES, () =>
      queryAll(store, { ...ofOne, limit: 100 }),
    ),
    "query 10 ms of time": await readRow(100, () =>
      queryAll(store, { sinceMs: NOW_MS + 500, untilMs: NOW_MS + 510 }),
    ),
  };
  report("Read", rows);
  await store.close();
}

async function readRow(expected: number, work: () => Promise<number>): Promise<Record<string, number>> {
  await work();
  const durations: number[] = [];
  for (let sample = 0; sample < 5; sample++) {
    const startedAtMs = performance.now();
    assert.equal(await work(), expected);
    durations.push(performance.now() - startedAtMs);
  }
  const medianMs = percentile(durations, 0.5);
  return {
    records: expected,
    "records/s": Math.round((expected * 1_000) / medianMs),
    "median ms": round(medianMs),
    samples: durations.length,
  };
}

async function readAll(store: Store): Promise<number> {
  let count = 0;
  for (let fromPosition = 0; fromPosition < store.nextPosition;) {
    const slice = await store.read({ fromPosition, limit: 256 });
    count += slice.records.length;
    fromPosition = slice.nextPosition;
  }
  return count;
}

async function iterateAll(store: Store): Promise<number> {
  let count = 0;
  for await (const { position } of iterateRecords(store)) count += position >= 0 ? 1 : 0;
  return count;
}

async function queryAll(store: Store, query: ResultQuery): Promise<number> {
  let count = 0;
  for (let page = await store.query(query); ;) {
    count += page.records.length;
    const last = page.records.at(-1);
    if (!page.more || last === undefined) return count;
    page = await store.query(pageAfter(query, last));
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
