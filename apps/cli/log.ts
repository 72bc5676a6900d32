/** `sluice log`: what a stored run of a source was like, as tables, JSON, or a page by itself. */

import { writeFile } from "node:fs/promises";
import { RunLogBuilder, type Percentiles, type RunLog } from "../../src/operator/run-log.js";
import {
  iterateRecords,
  openStoreForReading,
  type RecordPlace,
} from "../../src/storage/results/read-store.js";
import { SluiceError } from "../../src/task/errors.js";
import { parseSourceId } from "../../src/task/identity.js";
import { sayDamage } from "../damage.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { err, out } from "../terminal.js";
import { logPage } from "./log-page.js";

export interface LogCommand {
  /** ms since the Unix epoch. */
  readonly from?: number;
  readonly to?: number;
  readonly json: boolean;
  /** File for a page. */
  readonly html?: string;
}

export async function logFromStore(folder: string, source: string, command: LogCommand): Promise<number> {
  const store = await openStoreForReading(folder, { onDamage: sayDamage(folder) });
  try {
    return await log(store, source, command);
  } finally {
    await store.close();
  }
}

/** @returns the exit code. @throws SluiceError `source-invalid` where nothing of the source was stored in that time */
export async function log(place: RecordPlace, source: string, command: LogCommand): Promise<number> {
  const { from, to, json, html } = command;
  const sourceId = parseSourceId(source);
  const builder = new RunLogBuilder();
  const query = {
    sourceId,
    ...(from !== undefined && { sinceMs: from }),
    ...(to !== undefined && { untilMs: to }),
  };
  for await (const record of iterateRecords(place, query)) builder.add(record);
  const report = builder.report();
  if (report.records === 0) {
    throw new SluiceError(`Cannot tell of source "${source}": nothing of it was stored in that time`, {
      code: "source-invalid",
    });
  }
  if (html !== undefined) {
    await writeFile(html, logPage(source, report));
    err.line(`Wrote ${html}`);
  }
  if (json) out.json({ source, ...report });
  else if (html === undefined) out.lines(tables(source, report));
  return 0;
}

const time = (ms: number | null): string => (ms === null ? "" : new Date(ms).toISOString());
const rounded = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0));
const three = (parts: Percentiles | null): string =>
  parts === null ? "" : `${rounded(parts.p50)} / ${rounded(parts.p95)} / ${rounded(parts.p99)}`;

function tables(
  source: string,
  { records, firstMs, lastMs, latency, dropped, stages, buckets, plans }: RunLog,
): string {
  const width = terminalWidth();
  const right = { align: "right" } as const;
  const stageTable = renderFitting(
    [
      { title: "stage" },
      { title: "node" },
      { title: "tasks", ...right },
      { title: "queue ms", ...right },
      { title: "execute ms", ...right },
      { title: "transfer ms", ...right, rank: 1 },
    ],
    stages.map(({ stage, node, tasks, queue, execute, transfer }) => [
      stage,
      node,
      tasks,
      three(queue),
      three(execute),
      three(transfer),
    ]),
    width,
  );
  const reasons = Object.keys(dropped);
  const dropTable = renderFitting(
    [
      { title: "drops from" },
      { title: "stored", ...right },
      ...reasons.map((title) => ({ title, ...right })),
    ],
    buckets
      .filter((bucket) => Object.keys(bucket.dropped).length > 0)
      .map((bucket) => [
        time(bucket.fromMs),
        bucket.stored,
        ...reasons.map((reason) => new Map<string, number>(Object.entries(bucket.dropped)).get(reason) ?? 0),
      ]),
    width,
  );
  const planTable = renderFitting(
    [{ title: "plan from" }, { title: "captured" }, { title: "placed" }, { title: "pipeline", rank: 1 }],
    plans.map(({ atMs, capture, placement, pipeline }) => [time(atMs), capture, placement, pipeline]),
    width,
  );
  return [
    `${source}: ${records} records from ${time(firstMs)} to ${time(lastMs)}`,
    latency === null
      ? "No task was stored"
      : `Latency p50 / p95 / p99: ${three(latency)} ms (${latency.count} tasks)`,
    "Parts are p50 / p95 / p99",
    stageTable,
    ...(reasons.length === 0 ? ["No task was dropped"] : [dropTable]),
    planTable,
  ].join("\n");
}
