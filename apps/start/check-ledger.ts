/** The law of conservation over a whole run: created = stored + dropped + in flight. */

import { countDrops } from "../../src/task/ledger.js";
import type { RunReport } from "./summary.js";

/** What does not add up, counted by three who do not copy from each other: ledgers, distributor and observer. */
export function ledgerProblems({
  created,
  inFlight,
  run,
}: Pick<RunReport, "created" | "inFlight" | "run">): readonly string[] {
  const dropped = countDrops(run.dropped);
  if (run.stored + dropped + inFlight === created) return [];
  return [
    `The ledger does not add up: ${created} created, but ${run.stored} stored, ${dropped} dropped and ` +
      `${inFlight} in flight`,
  ];
}
