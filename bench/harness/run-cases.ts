/** Runs cases one after the other within the time that all have together, and tells each result as soon as there is one. */

import type { BenchCase, RoundPlan } from "./case.js";
import { runCaseApart } from "./case-process.js";
import { busyText, caseText } from "./case-text.js";
import { OthersMeter } from "./machine.js";
import type { CaseReport } from "./report-file.js";

/** Of a whole run, so that it takes less than ten minutes with what it does beside its cases. */
export const RUN_MS = 570_000;

export interface RunOptions {
  readonly plan: RoundPlan;
  readonly signal: AbortSignal;
  /** Progress and results, for people. */
  readonly say: (line: string) => void;
  /** Of each case as it ends. */
  readonly onResult: (result: CaseReport) => void;
}

/** @returns the names of those whose work was not done; it ends early where `signal` is aborted */
export async function runCases(
  cases: readonly BenchCase[],
  { plan, signal, say, onResult }: RunOptions,
): Promise<readonly string[]> {
  const untilMs = performance.now() + RUN_MS;
  const failed: string[] = [];
  for (const [at, { name }] of cases.entries()) {
    say(`── ${at + 1} of ${cases.length}: ${name} ──\n`);
    // What the short ones leave is for those after them.
    const budgetMs = Math.max(0, untilMs - performance.now()) / (cases.length - at);
    const startedMs = performance.now();
    const others = new OthersMeter();
    const end = await runCaseApart(name, { ...plan, budgetMs }, signal);
    if (end === "interrupted") break;
    if ("failed" in end) {
      failed.push(name);
      say(`FAILED: ${name} ended with ${end.failed}: what it says is above\n`);
    } else if ("unavailable" in end) say(`LEFT OUT: ${end.unavailable}\n`);
    else {
      const tookMs = Math.round(performance.now() - startedMs);
      const result = { ...end.result, othersShare: others.share(), tookMs };
      onResult(result);
      say(`${caseText(result)}\n${busyText(result.othersShare)}\n`);
    }
  }
  return failed;
}
