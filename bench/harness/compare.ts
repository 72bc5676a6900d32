/** Two results of one machine: what became faster or slower by more than its rounds are apart. */

import { spreadOf, valueOf, type CaseResult } from "./result.js";

export interface Change {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** `after` by `before`. */
  readonly ratio: number;
  /** How far the rounds of the two are apart, the larger of both; a ratio within it says nothing. */
  readonly spread: number;
  readonly verdict: "better" | "worse" | "within the spread";
}

/**
 * Ours of every case that both have. Baselines of the same run correct for a machine that is slower today: where both have
 * one, the ratios to it are compared.
 */
export function compareResults(
  before: readonly CaseResult[],
  after: readonly CaseResult[],
): readonly Change[] {
  const earlier = new Map(before.map((result) => [result.name, result]));
  return after.flatMap((result) => {
    const other = earlier.get(result.name);
    return other === undefined ? [] : [changeOf(other, result)];
  });
}

function changeOf(before: CaseResult, after: CaseResult): Change {
  const [was, is] = [correctedValue(before, after), correctedValue(after, before)];
  const ratio = is / was;
  const spread = Math.max(...[before, after].map(({ subjects: [ours] }) => (ours ? spreadOf(ours) : 0)));
  const gain = after.kind === "rate" ? ratio - 1 : 1 - ratio;
  const verdict = Math.abs(ratio - 1) <= spread ? "within the spread" : gain > 0 ? "better" : "worse";
  return { name: after.name, before: was, after: is, ratio, spread, verdict };
}

/** Ours by its baseline, where `other` has the same one; else ours. */
function correctedValue({ kind, subjects }: CaseResult, other: CaseResult): number {
  const [ours, baseline] = subjects;
  if (ours === undefined) return Number.NaN;
  if (kind === "amount" || baseline === undefined || other.subjects[1]?.name !== baseline.name) {
    return valueOf(ours);
  }
  return valueOf(ours) / valueOf(baseline);
}
