/**
 * The figures of a run, folded from stored records: counts, latencies and where each stage ran.
 *
 * Latency is from the source timestamp to stored. Per stage it is split into transfer, queue and execute; along a task's
 * critical path these, with capture and store, add up to the task's latency.
 */

import { createHistogram } from "node:perf_hooks";
import type { StoredRecord, StoredResult } from "../task/record.js";
import { breakdown } from "../task/latency.js";
import type { Pipeline } from "../task/pipeline.js";
import type { DropReason } from "../task/task.js";
import { addFound, createFound, summariseFound, type Found, type FoundKind } from "./found.js";

/** What one stage did in a run, and what its tasks waited for. */
export interface StageSummary {
  /** The node that ran the stage, or the one that ran most of it. */
  readonly node: string;
  /** Tasks, by each node that ran the stage. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly count: number;
  readonly frames: number;
  /** Means over the tasks, in ms. */
  readonly queueMs: number;
  readonly transferMs: number;
  readonly executeMs: number;
}

/** Percentiles of latency, in ms. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The figures of a run. */
export interface RunSummary {
  readonly stored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** In ms, from the source timestamp to stored. Null values stand for "no task was stored". */
  readonly latencyMs: LatencySummary | null;
  readonly stages: Readonly<Record<string, StageSummary>>;
  /** Routing epochs that hops were routed by, ascending: the newest 1,000. */
  readonly epochs: readonly number[];
  readonly frames: number;
  /** Detections over all frames: of each task the most that any one stage reported. */
  readonly objects: number;
  /** Different tracks, over all sources. */
  readonly tracks: number;
  /** What was found, by source and name. */
  readonly found: readonly FoundKind[];
}

/** The part in use of Node's histogram, whose own type would ask every reader of this one for Node's types. */
interface Histogram {
  record(value: number): void;
  /** @param percentile 0 < percentile <= 100 */
  percentile(percentile: number): number;
}

interface StageCounts {
  readonly nodes: Map<string, number>;
  count: number;
  frames: number;
  queueMs: number;
  transferMs: number;
  executeMs: number;
}

export interface RunStatistics {
  stored: number;
  readonly dropped: Map<DropReason, number>;
  readonly latencyUs: Histogram;
  readonly stages: Map<string, StageCounts>;
  readonly epochs: Set<number>;
  frames: number;
  objects: number;
  /** Ids of a source only grow, so the highest is the count: no set of all tracks is kept. */
  readonly tracksBySource: Map<string, number>;
  tracks: number;
  readonly found: Found;
}

/** A run may last for years: of tables and sources only the newest are kept apart. */
const EPOCHS_MAX = 1_000;
const SOURCES_MAX = 1_024;

export function createRunStatistics(): RunStatistics {
  return {
    stored: 0,
    dropped: new Map(),
    latencyUs: createHistogram(),
    stages: new Map(),
    epochs: new Set(),
    frames: 0,
    objects: 0,
    tracksBySource: new Map(),
    tracks: 0,
    found: createFound(),
  };
}

/** Folds one record in; `pipelineOf` finds the pipeline that the task walked, where it is still known. */
export function addRecord(
  statistics: RunStatistics,
  record: StoredRecord,
  pipelineOf: (record: StoredResult) => Pipeline | undefined,
): void {
  if (record.type === "closed") return;
  if (record.type === "gap") {
    statistics.dropped.set(record.reason, (statistics.dropped.get(record.reason) ?? 0) + 1);
    return;
  }
  statistics.stored += 1;
  statistics.frames += record.frameCount;
  statistics.latencyUs.record(Math.max(1, Math.round((record.storedAtMs - record.sourceAtMs) * 1_000)));
  addObjects(statistics, record);
  addFound(statistics.found, record);
  const pipeline = pipelineOf(record);
  if (pipeline === undefined) return;
  const { stages } = breakdown(pipeline, record.hops, record);
  for (const hop of record.hops) {
    keepNewest(statistics.epochs.add(hop.epoch), EPOCHS_MAX);
    const parts = stages.get(hop.stage);
    if (parts === undefined) continue;
    const counts = countsOf(statistics, hop.stage);
    counts.count += 1;
    counts.frames += record.frameCount;
    counts.nodes.set(hop.node, (counts.nodes.get(hop.node) ?? 0) + 1);
    counts.queueMs += parts.queueMs;
    counts.transferMs += parts.transferMs;
    counts.executeMs += parts.executeMs;
  }
}

export function summarise(statistics: RunStatistics): RunSummary {
  const { latencyUs } = statistics;
  const percentile = (p: number) => latencyUs.percentile(p) / 1_000;
  return {
    stored: statistics.stored,
    dropped: Object.fromEntries(statistics.dropped),
    latencyMs:
      statistics.stored === 0 ? null : { p50: percentile(50), p95: percentile(95), p99: percentile(99) },
    stages: Object.fromEntries(
      [...statistics.stages].map(([stage, counts]) => [stage, summariseStage(counts)]),
    ),
    epochs: [...statistics.epochs].sort((a, b) => a - b),
    frames: statistics.frames,
    objects: statistics.objects,
    tracks: statistics.tracks,
    found: summariseFound(statistics.found),
  };
}

function summariseStage({ nodes, count, frames, queueMs, transferMs, executeMs }: StageCounts): StageSummary {
  const busiest = [...nodes].reduce((most, entry) => (entry[1] > most[1] ? entry : most), ["", 0]);
  return {
    node: busiest[0],
    nodes: Object.fromEntries(nodes),
    count,
    frames,
    queueMs: queueMs / count,
    transferMs: transferMs / count,
    executeMs: executeMs / count,
  };
}

function countsOf(statistics: RunStatistics, stage: string): StageCounts {
  let counts = statistics.stages.get(stage);
  if (counts === undefined) {
    counts = { nodes: new Map(), count: 0, frames: 0, queueMs: 0, transferMs: 0, executeMs: 0 };
    statistics.stages.set(stage, counts);
  }
  return counts;
}

function addObjects(statistics: RunStatistics, record: StoredResult): void {
  let most = 0;
  const source = `${record.id.sourceId}/${record.id.incarnation}`;
  for (const result of Object.values(record.results)) {
    let objects = 0;
    for (const detections of result.frames) {
      objects += detections.length;
      for (const { trackId } of detections) {
        const known = statistics.tracksBySource.get(source) ?? 0;
        if (trackId === undefined || trackId <= known) continue;
        statistics.tracks += trackId - known;
        keepNewest(statistics.tracksBySource.set(source, trackId), SOURCES_MAX);
      }
    }
    most = Math.max(most, objects);
  }
  statistics.objects += most;
}

/** Takes away what was put in first where it is too much. */
function keepNewest<Key>(
  kept: { readonly size: number; keys(): Iterable<Key>; delete(key: Key): boolean },
  max: number,
): void {
  if (kept.size <= max) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
