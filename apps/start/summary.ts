/** The summary of a run: tables for people, or one JSON object. */

import type { RunSummary } from "../../src/operator/run-statistics.js";
import { tablesText } from "../epoch-text.js";
import { foundTable, resultsCommand } from "../found-text.js";
import { renderTable, shortened } from "../tables.js";
import type { RunAudit } from "./audit-run.js";
import type { RunNode } from "./run-cluster.js";

export interface RunReport {
  readonly created: number;
  readonly inFlight: number;
  /** Frames that were read and are in no task. */
  readonly framesSkipped: number;
  /** Frames left out as nothing moved in them. */
  readonly framesGated: number;
  readonly run: RunSummary;
  readonly audit: RunAudit;
  /** Epoch of the routing table in force at the end. */
  readonly epoch: number;
  readonly nodes: readonly RunNode[];
  readonly store: string;
  readonly durationMs: number;
}

export function reportJson(report: RunReport): unknown {
  const { run } = report;
  const rounded = JSON.stringify(
    {
      tasks: { created: report.created, stored: run.stored, dropped: run.dropped, inFlight: report.inFlight },
      framesSkipped: report.framesSkipped,
      framesGated: report.framesGated,
      latencyMs: run.latencyMs ?? { p50: null, p95: null, p99: null },
      stages: run.stages,
      audit: { records: report.audit.records, findings: report.audit.findingCount },
      epoch: report.epoch,
      epochs: run.epochs,
      nodes: report.nodes,
      results: { objects: run.objects, tracks: run.tracks, frames: run.frames, found: run.found },
      store: report.store,
      durationMs: report.durationMs,
    },
    (_key, value: unknown) => (typeof value === "number" ? Number(value.toFixed(3)) : value),
  );
  return JSON.parse(rounded) as unknown;
}

/** Longest name that a column shows whole; with it the tables stay within 80 columns. */
const NAME_LENGTH_MAX = 16;

export function reportTable(report: RunReport): string {
  const { run } = report;
  const stages = renderTable(
    [
      { title: "stage" },
      { title: "node" },
      { title: "tasks", align: "right" },
      { title: "queue ms", align: "right" },
      { title: "transfer ms", align: "right" },
      { title: "execute ms", align: "right" },
    ],
    Object.entries(run.stages).map(([stage, { nodes, count, queueMs, transferMs, executeMs }]) => [
      short(stage),
      Object.keys(nodes).map(short).join("\n"),
      Object.values(nodes).length > 1 ? Object.values(nodes).join("\n") : count,
      ...[queueMs, transferMs, executeMs].map(ms),
    ]),
  );
  const seconds = report.durationMs / 1_000;
  const totals = renderTable(
    [{ title: "" }, { title: "", align: "right" }],
    [
      ["tasks created", report.created],
      ["stored", run.stored],
      ...droppedRows(run),
      ["in flight", report.inFlight],
      ["frames stored", `${run.frames} (${(run.frames / seconds).toFixed(1)} fps)`],
      ...(report.framesSkipped === 0 ? [] : [["frames in no task", report.framesSkipped]]),
      ...(report.framesGated === 0 ? [] : [["frames gated", report.framesGated]]),
      ["objects / tracks", `${run.objects} / ${run.tracks}`],
      ["latency p50 / p95 / p99", latency(run)],
      ["nodes", report.nodes.map(({ name }) => name).join(", ")],
      ["routing tables used", tablesText(run.epochs)],
      ["audit", auditText(report.audit)],
      ["duration", `${seconds.toFixed(2)} s`],
    ],
  );
  const tables = run.stored === 0 ? [totals] : [stages, totals, foundTable(run.found)];
  const where =
    report.store === "memory:"
      ? "Results were kept in memory only: use --store to keep them in a folder"
      : `Results are in ${report.store}\nSee them with: ${resultsCommand({ store: report.store })}`;
  return `${tables.join("\n")}\n${where}`;
}

function auditText({ records, findingCount }: RunAudit): string {
  return findingCount === 0 ? `${records} records add up` : `${findingCount} findings in ${records} records`;
}

function droppedRows({ dropped }: RunSummary): [string, number][] {
  const rows = Object.entries(dropped).map(([reason, count]): [string, number] => [
    `dropped: ${reason}`,
    count,
  ]);
  return rows.length === 0 ? [["dropped", 0]] : rows;
}

function latency({ latencyMs }: RunSummary): string {
  return latencyMs === null ? "-" : `${[latencyMs.p50, latencyMs.p95, latencyMs.p99].map(ms).join(" / ")} ms`;
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function short(name: string): string {
  return shortened(name, NAME_LENGTH_MAX);
}
