/** What a run prints at its end: a table for people, or one JSON object. */

import Table from "cli-table3";
import type { RunSummary } from "../../src/actors/observer/run-statistics.js";

export interface RunReport {
  readonly created: number;
  readonly inFlight: number;
  readonly run: RunSummary;
  /** Epoch of the routing table in force at the end. */
  readonly epoch: number;
  readonly nodes: readonly string[];
  readonly store: string;
  readonly durationMs: number;
}

export function reportJson(report: RunReport): string {
  const { run } = report;
  return JSON.stringify(
    {
      tasks: { created: report.created, stored: run.stored, dropped: run.dropped, inFlight: report.inFlight },
      latencyMs: run.latencyMs ?? { p50: null, p95: null, p99: null },
      stages: run.stages,
      epoch: report.epoch,
      epochs: run.epochs,
      nodes: report.nodes,
      results: { objects: run.objects, tracks: run.tracks, frames: run.frames },
      store: report.store,
      durationMs: report.durationMs,
    },
    (_key, value: unknown) => (typeof value === "number" ? Number(value.toFixed(3)) : value),
  );
}

export function reportTable(report: RunReport): string {
  const { run } = report;
  const stages = new Table({
    head: ["stage", "node", "tasks", "queue ms", "transfer ms", "execute ms"],
    colAligns: ["left", "left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const [stage, { nodes, count, queueMs, transferMs, executeMs }] of Object.entries(run.stages)) {
    stages.push([stage, Object.keys(nodes).join(", "), count, ...[queueMs, transferMs, executeMs].map(ms)]);
  }
  const totals = new Table({ style: { head: [], border: [] }, colAligns: ["left", "right"] });
  totals.push(
    ["tasks created", report.created],
    ["stored", run.stored],
    ...Object.entries(run.dropped).map(([reason, count]): [string, number] => [`dropped: ${reason}`, count]),
    ["in flight", report.inFlight],
    ["frames", run.frames],
    ["objects / tracks", `${run.objects} / ${run.tracks}`],
    ["latency p50 / p95 / p99 ms", latency(run)],
    ["routing epoch", report.epoch],
    ["duration s", (report.durationMs / 1_000).toFixed(2)],
  );
  return `${stages.toString()}\n${totals.toString()}\nResults are in ${report.store}`;
}

function latency({ latencyMs }: RunSummary): string {
  return latencyMs === null ? "-" : [latencyMs.p50, latencyMs.p95, latencyMs.p99].map(ms).join(" / ");
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}
