/** What was measured, as it is written to `bench/results/`, and what can be said of it. */

import type { BenchKind, CaseName } from "./case.js";
import type { LatencySummary } from "./latency-histogram.js";
import type { ProcessCosts } from "./process-costs.js";
import type { GoalReport } from "./goals.js";
import { median } from "../report.js";

export interface RoundResult extends ProcessCosts {
  /** Median latency in ms, operations per second, or the amount. */
  readonly value: number;
}

export interface SubjectResult {
  readonly name: string;
  readonly rounds: readonly RoundResult[];
  /** Of all rounds together; null where no latency is measured. */
  readonly latency: LatencySummary | null;
}

export interface CaseResult {
  readonly name: CaseName;
  readonly kind: BenchKind;
  readonly operation: string;
  readonly measures: string;
  readonly excludes: string;
  readonly goals: readonly GoalReport[];
  /** Ours first, then its baseline, then peers. */
  readonly subjects: readonly SubjectResult[];
  /** More than each subject has where the time of the case was up before. */
  readonly roundsPlanned?: number;
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

export function valueOf({ rounds }: SubjectResult): number {
  return median(rounds.map(({ value }) => value));
}

/** How far rounds are apart, by their median: 0 where all are equal. */
export function spreadOf({ rounds }: SubjectResult): number {
  return spread(rounds.map(({ value }) => value));
}

/** A ratio of two subjects, or that their rounds are too far apart to give one. */
export type Ratio = { readonly value: number; readonly spread: number } | "too-spread";

/**
 * By how much `ours` is `theirs`, from rounds that ran beside each other.
 *
 * It is none where the ratios of the rounds are further apart than the ratio is large: the machine was measured, and not
 * the two.
 */
export function ratioOf(ours: SubjectResult, theirs: SubjectResult): Ratio {
  const ratios = ours.rounds.map(({ value }, round) => value / (theirs.rounds[round]?.value ?? Number.NaN));
  const value = median(ratios);
  const apart = spread(ratios);
  return apart <= 1 && Number.isFinite(value) ? { value, spread: apart } : "too-spread";
}

function spread(values: readonly number[]): number {
  const range = Math.max(...values) - Math.min(...values);
  return range === 0 ? 0 : range / Math.abs(median(values));
}
