/**
 * What a stored run of one source was like over time, folded from its records: percentiles by stage and node, drops by reason, and when its
 * plan changed. Its room does not grow with the run: time is kept in no more than `BUCKETS_MAX` parts, which become coarser.
 */

import { createHistogram } from "node:perf_hooks";
import type { StoredRecord, StoredResult } from "../task/record.js";
import type { DropReason } from "../task/task.js";
import { gateText } from "../task/motion-gate.js";

/** Percentiles, in ms. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** A stage on a node. */
interface StageLog {
  readonly stage: string;
  readonly node: string;
  readonly tasks: number;
  /** From the stage's inbox until a worker begins. */
  readonly queue: Percentiles;
  readonly execute: Percentiles;
  /** Over the link that brought the task; null where none did. */
  readonly transfer: Percentiles | null;
}

/** A part of the time. */
interface LogBucket {
  /** ms since the Unix epoch, by when records were stored. */
  readonly fromMs: number;
  readonly stored: number;
  /** Source timestamp to stored; null where nothing was stored. */
  readonly latency: Percentiles | null;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

/** From this task on it was captured, or ran, otherwise. */
export interface PlanLog {
  readonly atMs: number;
  readonly epoch: number;
  /** `pipeline@version`. */
  readonly pipeline: string;
  /** `640x360 at 10 fps, 2 a task, jpeg 85`. */
  readonly capture: string;
  /** `detect on edge-1, track on cloud`. */
  readonly placement: string;
}

export interface RunLog {
  readonly records: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly latency: Percentiles | null;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly stages: readonly StageLog[];
  readonly bucketMs: number;
  readonly buckets: readonly LogBucket[];
  /** The first plan, and then each change; the newest 1,000. */
  readonly plans: readonly PlanLog[];
}

const BUCKETS_MAX = 240;
const BUCKET_MS_MIN = 1_000;
const PLANS_MAX = 1_000;
/** Pairs of a stage and a node that are told apart; further ones are counted nowhere else. */
const STAGES_MAX = 1_000;

/** The part in use of Node's histogram. */
interface Histogram {
  readonly count: number;
  readonly max: number;
  record(value: number): void;
  add(other: Histogram): void;
  percentile(percentile: number): number;
}

const newHistogram = createHistogram as unknown as () => Histogram;

interface Bucket {
  stored: number;
  readonly latency: Histogram;
  readonly dropped: Map<DropReason, number>;
}

interface Stage {
  readonly stage: string;
  readonly node: string;
  readonly queue: Histogram;
  readonly execute: Histogram;
  readonly transfer: Histogram;
}

export class RunLogBuilder {
  readonly #latency = newHistogram();
  readonly #dropped = new Map<DropReason, number>();
  readonly #stages = new Map<string, Stage>();
  /** By the number of the part since the epoch. */
  #buckets = new Map<number, Bucket>();
  #bucketMs = BUCKET_MS_MIN;
  #plans: PlanLog[] = [];
  #records = 0;
  #firstMs: number | null = null;
  #lastMs: number | null = null;

  /** Records of one source, oldest first. */
  add(record: StoredRecord): void {
    this.#records += 1;
    this.#firstMs = Math.min(this.#firstMs ?? Infinity, record.storedAtMs);
    this.#lastMs = Math.max(this.#lastMs ?? -Infinity, record.storedAtMs);
    if (record.type === "closed") return;
    const bucket = this.#bucketAt(record.storedAtMs);
    if (record.type === "gap") {
      addOne(bucket.dropped, record.reason);
      addOne(this.#dropped, record.reason);
      return;
    }
    const latencyMs = record.storedAtMs - record.sourceAtMs;
    bucket.stored += 1;
    note(bucket.latency, latencyMs);
    note(this.#latency, latencyMs);
    this.#addHops(record);
    this.#addPlan(record);
  }

  report(): RunLog {
    return {
      records: this.#records,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      latency: percentilesOf(this.#latency),
      dropped: Object.fromEntries(this.#dropped),
      stages: [...this.#stages.values()].map(({ stage, node, queue, execute, transfer }) => ({
        stage,
        node,
        tasks: execute.count,
        queue: percentilesOf(queue) ?? NOTHING,
        execute: percentilesOf(execute) ?? NOTHING,
        transfer: percentilesOf(transfer),
      })),
      bucketMs: this.#bucketMs,
      buckets: [...this.#buckets]
        .sort(([a], [b]) => a - b)
        .map(([number, { stored, latency, dropped }]) => ({
          fromMs: number * this.#bucketMs,
          stored,
          latency: percentilesOf(latency),
          dropped: Object.fromEntries(dropped),
        })),
      plans: this.#plans,
    };
  }

  #bucketAt(atMs: number): Bucket {
    const number = Math.floor(atMs / this.#bucketMs);
    const known = this.#buckets.get(number);
    if (known !== undefined) return known;
    const made: Bucket = { stored: 0, latency: newHistogram(), dropped: new Map() };
    this.#buckets.set(number, made);
    if (this.#buckets.size <= BUCKETS_MAX) return made;
    while (this.#buckets.size > BUCKETS_MAX) this.#coarsen();
    return this.#bucketAt(atMs);
  }

  /** Each two parts become one. */
  #coarsen(): void {
    const coarser = new Map<number, Bucket>();
    for (const [number, bucket] of this.#buckets) {
      const half = Math.floor(number / 2);
      const into = coarser.get(half);
      if (into === undefined) {
        coarser.set(half, bucket);
        continue;
      }
      into.stored += bucket.stored;
      if (bucket.latency.count > 0) into.latency.add(bucket.latency);
      for (const [reason, count] of bucket.dropped) addOne(into.dropped, reason, count);
    }
    this.#buckets = coarser;
    this.#bucketMs *= 2;
  }

  #addHops({ hops }: StoredResult): void {
    for (const { stage, node, sentAtMs, enqueuedAtMs, startedAtMs, endedAtMs } of hops) {
      const key = `${stage} ${node}`;
      let known = this.#stages.get(key);
      if (known === undefined) {
        if (this.#stages.size >= STAGES_MAX) continue;
        known = { stage, node, queue: newHistogram(), execute: newHistogram(), transfer: newHistogram() };
        this.#stages.set(key, known);
      }
      note(known.queue, startedAtMs - enqueuedAtMs);
      note(known.execute, endedAtMs - startedAtMs);
      if (sentAtMs !== undefined) note(known.transfer, enqueuedAtMs - sentAtMs);
    }
  }

  #addPlan(record: StoredResult): void {
    const { configuration, hops, storedAtMs, pipelineId, pipelineVersion } = record;
    const { width, height, fps, framesPerTask, encoding, quality, motionGate } = configuration;
    const gate = gateText(motionGate);
    const plan: PlanLog = {
      atMs: storedAtMs,
      epoch: hops.reduce((newest, { epoch }) => Math.max(newest, epoch), 0),
      pipeline: `${pipelineId}@${pipelineVersion}`,
      capture: `${width}x${height} at ${fps} fps, ${framesPerTask} a task, ${encoding}${encoding === "jpeg" ? ` ${quality}` : ""}${gate === "" ? "" : `, ${gate}`}`,
      placement: hops.map(({ stage, node }) => `${stage} on ${node}`).join(", "),
    };
    const last = this.#plans.at(-1);
    const isSame =
      last?.pipeline === plan.pipeline && last.capture === plan.capture && last.placement === plan.placement;
    if (isSame) return;
    this.#plans.push(plan);
    if (this.#plans.length >= 2 * PLANS_MAX) this.#plans = this.#plans.slice(-PLANS_MAX);
  }
}

const NOTHING: Percentiles = { count: 0, p50: 0, p95: 0, p99: 0, max: 0 };

/** In microseconds; clocks that differ may make a part negative, which counts as none. */
function note(histogram: Histogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1_000)));
}

function percentilesOf(histogram: Histogram): Percentiles | null {
  if (histogram.count === 0) return null;
  const at = (percentile: number): number => histogram.percentile(percentile) / 1_000;
  return { count: histogram.count, p50: at(50), p95: at(95), p99: at(99), max: histogram.max / 1_000 };
}

function addOne<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
