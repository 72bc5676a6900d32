/** What a generator reports of itself. */

import type { LedgerReported } from "../../task/reports.js";
import type { GeneratorRetained } from "./retained.js";
import type { GeneratorOptions, GeneratorState } from "./state.js";

export function reportedLedger(
  { sourceId, incarnation }: GeneratorOptions,
  { window, delivery, timeline }: GeneratorRetained,
  { grouping, phase }: Pick<GeneratorState, "grouping" | "phase">,
): LedgerReported {
  const { created, stored, dropped, inFlight } = window.ledger;
  return {
    type: "ledgerReported",
    sourceId,
    incarnation,
    created,
    stored,
    dropped,
    inFlight,
    window: window.tasks,
    redelivered: delivery.redelivered,
    accounts: window.accounts,
    framesSkipped: grouping.framesSkipped,
    ...(grouping.framesGated > 0 && { framesGated: grouping.framesGated }),
    timeSteps: timeline.steps,
    status: phase.status,
  };
}
