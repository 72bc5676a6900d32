/** What the nodes of a running cluster say that their sources have in flight. */

import type { Operator } from "../../src/operator/operator.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { errorText } from "../../src/runtime/errors.js";

/** Asks every node; `onSilent` hears of one that does not answer, and why. */
export async function askLiveLedgers(
  operator: Operator,
  onSilent: (node: string, why: string) => void,
): Promise<readonly LedgerReported[]> {
  const nodes = [...operator.cluster.members.values()].filter(({ roles }) => !roles.includes("operator"));
  const told = await Promise.all(
    nodes.map(async ({ name }) => {
      try {
        return (await operator.agent(name).sources()).ledgers;
      } catch (error) {
        onSilent(name, errorText(error));
        return [];
      }
    }),
  );
  return told.flat();
}
