/** A case's result as people read it: a table of its subjects, and what can be said of ours beside them. */

import { median } from "../report.js";
import type { BenchKind } from "./case.js";
import { countText, durationText, percent, significant } from "./figures.js";
import type { GoalReport } from "./goals.js";
import { ratioOf, spreadOf, valueOf, type CaseResult, type SubjectResult } from "./result.js";

/** A heading, what is measured, and a Markdown table. */
export function caseText(result: CaseResult): string {
  const { name, measures, excludes, goals, leftOut, subjects, roundsPlanned = 0 } = result;
  const rounds = subjects[0]?.rounds.length ?? 0;
  const lines = [
    `### ${name}`,
    "",
    `${measures} Not measured: ${excludes}.`,
    "",
    ...subjectTable(result),
    ...goals.map((goal) => `\nGoal: ${goalText(goal)}`),
    ...(rounds < roundsPlanned ? [`\n${rounds} rounds of ${roundsPlanned}: its time was up.`] : []),
    ...leftOut.map(({ name: subject, why }) => `\nLeft out: ${subject}. ${why}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function goalText({ wanted, measured, met }: GoalReport): string {
  return `${wanted}; measured: ${measured}: ${met === null ? "cannot be told" : met ? "met" : "NOT MET"}.`;
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

/** Above it others, and not what is measured, make the tails. */
const OTHERS_MAX = 0.05;

/** How busy others kept the machine meanwhile. @param othersShare of all processors, 0 to 1; null where it is not known */
export function busyText(othersShare: number | null): string {
  if (othersShare === null) return "What others took of the processors is not known here.";
  const warning = othersShare > OTHERS_MAX ? ": too much for these figures to be quoted" : "";
  return `Others took ${percent(othersShare)} of the processors meanwhile${warning}.`;
}
