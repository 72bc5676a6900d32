/** A case's result as people read it: a table of its subjects, and what can be said of ours beside them. */

import { median } from "../report.js";
import type { BenchKind } from "./case.js";
import { ratioOf, spreadOf, valueOf, type CaseResult, type SubjectResult } from "./result.js";

/** A heading, what is measured, and a Markdown table. */
export function caseText(result: CaseResult): string {
  const { name, measures, excludes, goal, leftOut } = result;
  const lines = [
    `### ${name}`,
    "",
    `${measures} Not measured: ${excludes}.${goal === null ? "" : ` Goal: ${goal}.`}`,
    "",
    ...subjectTable(result),
    ...leftOut.map(({ name: subject, why }) => `\nLeft out: ${subject}. ${why}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** The rows of its table, with a head: ours, its baseline, peers. */
export function subjectTable({ kind, operation, subjects }: CaseResult): readonly string[] {
  const [ours] = subjects;
  const head = ["", ...valueColumns(kind, operation), "spread", "first ÷ this", "CPU", "GC", "RSS"];
  const rows = subjects.map((subject) => [
    subject.name,
    ...valueCells(kind, subject),
    percent(spreadOf(subject)),
    ours === undefined || ours === subject ? "" : ratioText(ours, subject),
    ...costCells(subject),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? "---" : "---:"))), ...rows.map(line)];
}

function valueColumns(kind: BenchKind, operation: string): readonly string[] {
  if (kind === "latency") return ["p50", "p95", "p99", "p99.9", "max", "samples"];
  return [kind === "rate" ? `${operation}/s` : operation];
}

function valueCells(kind: BenchKind, subject: SubjectResult): readonly string[] {
  const { latency } = subject;
  if (kind !== "latency" || latency === null) return [countText(valueOf(subject))];
  const { p50, p95, p99, p999, max, samples } = latency;
  return [...[p50, p95, p99, p999, max].map(durationText), countText(samples)];
}

/** Medians over the rounds. */
function costCells({ rounds }: SubjectResult): readonly string[] {
  const middle = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
  return [
    percent(middle(({ cpuShare }) => cpuShare)),
    `${middle(({ gcCount }) => gcCount)} x, ${durationText(middle(({ gcMs }) => gcMs))}`,
    `${Math.round(middle(({ rssBytes }) => rssBytes) / 1e6)} MB`,
  ];
}

function ratioText(ours: SubjectResult, theirs: SubjectResult): string {
  const ratio = ratioOf(ours, theirs);
  return ratio === "too-spread"
    ? "rounds too far apart"
    : `${significant(ratio.value)} (±${percent(ratio.spread / 2)})`;
}

/** @param ms 0 or more */
export function durationText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1) return `${significant(ms * 1_000)} us`;
  return ms < 1_000 ? `${significant(ms)} ms` : `${significant(ms / 1_000)} s`;
}

export function countText(value: number): string {
  if (Math.abs(value) >= 1e6) return `${significant(value / 1e6)} M`;
  return Math.abs(value) >= 1e4 ? `${significant(value / 1e3)} k` : significant(value);
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "-";
}

/** Three digits. */
function significant(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toString() : Number(value.toPrecision(3)).toString();
}
