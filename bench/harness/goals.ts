/** What a case is to keep to, beside what was measured. */

import type { BenchKind, Goal } from "./case.js";
import { countText, durationText } from "./figures.js";
import { ratioOf, valueOf, type CaseResult, type SubjectResult } from "./result.js";

export interface GoalReport {
  /** Such as "p99 at most 1.5 ms". */
  readonly wanted: string;
  /** Such as "0.9 ms". */
  readonly measured: string;
  /** Null where the rounds are too far apart to say. */
  readonly met: boolean | null;
}

type Measured = Pick<CaseResult, "kind" | "subjects">;

export function goalReport(goal: Goal, { kind, subjects }: Measured): GoalReport {
  const [ours, baseline, ...peers] = subjects;
  if (ours === undefined) throw new TypeError("There is nobody to keep to a goal");
  const text = (figure: number): string => figureText(goal, kind, figure);
  const limit = `${goal.atMost === undefined ? "at least" : "at most"} ${text(goal.atMost ?? goal.atLeast ?? 0)}`;
  const wanted = `${nameOf(goal)} ${limit}${goal.against === undefined ? "" : ` ${besides(goal, baseline)}`}`;
  if (goal.every === true) {
    const figures = subjects.map((subject) => ({ subject, figure: figureOf(goal, subject) }));
    const worst = figures.toSorted((a, b) => (a.figure - b.figure) * (goal.atMost === undefined ? 1 : -1))[0];
    const figure = worst?.figure ?? Number.NaN;
    const measured = `${text(figureOf(goal, ours))} of the first, and at worst ${text(figure)} of ${worst?.subject.name ?? ""}`;
    return { wanted: `${wanted}, of each`, measured, met: keepsTo(goal, figure) };
  }
  const figure = compared(goal, ours, goal.against === "peers" ? peers : baseline ? [baseline] : []);
  if (figure === null) return { wanted, measured: "rounds too far apart, or nobody beside it", met: null };
  return { wanted, measured: text(figure), met: keepsTo(goal, figure) };
}

/** @returns null where nothing can be said */
function compared(goal: Goal, ours: SubjectResult, others: readonly SubjectResult[]): number | null {
  if (goal.against === undefined) return figureOf(goal, ours);
  if (others.length === 0) return null;
  if (goal.against === "difference") {
    return figureOf(goal, ours) - Math.max(...others.map((other) => figureOf(goal, other)));
  }
  const ratios = others.map((other) => {
    if (goal.statistic !== "value") return figureOf(goal, ours) / figureOf(goal, other);
    const ratio = ratioOf(ours, other);
    return ratio === "too-spread" ? null : ratio.value;
  });
  const known = ratios.filter((ratio) => ratio !== null);
  if (known.length < ratios.length) return null;
  return goal.atMost === undefined ? Math.min(...known) : Math.max(...known);
}

function figureOf({ statistic }: Goal, subject: SubjectResult): number {
  return statistic === "value" ? valueOf(subject) : (subject.latency?.[statistic] ?? Number.NaN);
}

function keepsTo({ atMost = Infinity, atLeast = -Infinity }: Goal, figure: number): boolean {
  return figure <= atMost && figure >= atLeast;
}

function nameOf({ statistic }: Goal): string {
  return statistic === "value" ? "median of the rounds" : statistic;
}

function besides({ against }: Goal, baseline: SubjectResult | undefined): string {
  if (against === "peers") return "of the best peer";
  return `${against === "ratio" ? "of" : "beyond"} "${baseline?.name ?? "its baseline"}"`;
}

function figureText({ against }: Goal, kind: BenchKind, figure: number): string {
  if (against === "ratio" || against === "peers") return `x ${Number(figure.toPrecision(3))}`;
  if (kind !== "latency") return countText(figure);
  return figure < 0 ? `-${durationText(-figure)}` : durationText(figure);
}
