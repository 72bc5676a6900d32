/** One look at a running cluster: what `sluice top` shows, and what it takes to say how that has changed. */

import type { TotalsReported } from "../../src/actors/protocol/distributor.js";
import type { TableReported } from "../../src/actors/protocol/scheduler.js";
import type { Operator } from "../../src/operator/operator.js";
import {
  addRecord,
  createRunStatistics,
  summarise,
  type RunStatistics,
  type RunSummary,
} from "../../src/operator/run-statistics.js";
import { pipelineKeyText } from "../../src/task/identity.js";
import type { StoredResult } from "../../src/task/record.js";
import { nodeLines, type NodeLine } from "./nodes.js";

export interface Look {
  readonly atMs: number;
  readonly nodes: readonly NodeLine[];
  readonly table: TableReported;
  readonly totals: TotalsReported;
  readonly recent: Recent;
}

/** The newest results: enough for rates and latencies, and few enough to be read every second. */
interface Recent {
  readonly seconds: number;
  readonly byPipeline: ReadonlyMap<string, RunSummary>;
  readonly framesBySource: ReadonlyMap<string, number>;
}

const RECENT_MS = 10_000;
const RECENT_MAX = 500;

export async function lookAt(operator: Operator): Promise<Look> {
  const atMs = operator.system.clock.now();
  const [nodes, table, totals, page] = await Promise.all([
    nodeLines(operator, false),
    operator.table(),
    operator.totals(),
    operator.query({ sinceMs: atMs - RECENT_MS, newestFirst: true, limit: RECENT_MAX }),
  ]);
  const results = page.records.filter((record) => record.type === "result");
  return { atMs, nodes, table, totals, recent: recentOf(results, table, page.more, atMs) };
}

/** @param more whether there are older results in the time that was asked for */
function recentOf(
  results: readonly StoredResult[],
  { table }: TableReported,
  more: boolean,
  atMs: number,
): Recent {
  const statistics = new Map<string, RunStatistics>();
  const framesBySource = new Map<string, number>();
  for (const record of results) {
    const { pipelineId, frameCount } = record;
    const { sourceId } = record.id;
    const own = statistics.get(pipelineId) ?? createRunStatistics();
    statistics.set(pipelineId, own);
    addRecord(own, record, (one) =>
      table?.pipelines.get(pipelineKeyText(one.pipelineId, one.pipelineVersion)),
    );
    framesBySource.set(sourceId, (framesBySource.get(sourceId) ?? 0) + frameCount);
  }
  const oldestMs = results.at(-1)?.storedAtMs ?? atMs;
  return {
    seconds: Math.max(1, more ? atMs - oldestMs : RECENT_MS) / 1_000,
    byPipeline: new Map([...statistics].map(([pipeline, own]) => [pipeline, summarise(own)])),
    framesBySource,
  };
}
