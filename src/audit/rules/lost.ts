/**
 * Rule `lost`: every task that must have been created has a record or is in flight. Created are all below the highest
 * sequence of an incarnation of a source: the highest stored or, where its ledger is given, what that says.
 */

import type { MissingTasks } from "../account.js";
import type { RuleFindings } from "../findings.js";
import type { AuditRule } from "../rule.js";

export const lost: AuditRule<"lost"> = {
  code: "lost",
  createCheck: (_, findings) => ({
    onEnd(missing) {
      for (const tasks of missing) addLost(tasks, findings);
    },
  }),
};

/** Names as many tasks as findings are kept, and counts the rest: a range may be of any size. */
function addLost({ sourceId, incarnation, from, to }: MissingTasks, findings: RuleFindings): void {
  let sequence = from;
  for (; sequence <= to && !findings.full; sequence += 1) {
    findings.add({ sourceId, incarnation, sequence }, "It has no record and is not known to be in flight");
  }
  if (sequence <= to) findings.addUnnamed({ sourceId, incarnation }, to - sequence + 1);
}
