/** Counts of settled tasks by source. */

import type { SourceTotals } from "../../task/reports.js";
import { outcomeOf, type NewRecord } from "./store.js";
import type { DropReason, Outcome } from "../../task/task.js";

export const NO_TOTALS: SourceTotals = { stored: 0, dropped: {} };

function countOutcome({ stored, dropped }: SourceTotals, outcome: Outcome): SourceTotals {
  if (outcome.status === "stored") return { stored: stored + 1, dropped };
  return { stored, dropped: { ...dropped, [outcome.reason]: (dropped[outcome.reason] ?? 0) + 1 } };
}

/** Of a record that settles a task. */
export function countRecord(totals: SourceTotals, record: NewRecord): SourceTotals {
  return record.type === "closed" ? totals : countOutcome(totals, outcomeOf(record));
}

/** The larger of each count: what is remembered and what is found back after damage may each know more. */
export function mergeTotals(a: SourceTotals, b: SourceTotals): SourceTotals {
  const dropped: Partial<Record<DropReason, number>> = { ...a.dropped };
  for (const reason of Object.keys(b.dropped) as DropReason[]) {
    dropped[reason] = Math.max(dropped[reason] ?? 0, b.dropped[reason] ?? 0);
  }
  return { stored: Math.max(a.stored, b.stored), dropped };
}

export function totalsBySource(
  totals: ReadonlyMap<string, SourceTotals>,
): Readonly<Record<string, SourceTotals>> {
  return Object.fromEntries(totals);
}
