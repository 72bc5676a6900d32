/** The ledgers of the sources of a running cluster, as its nodes report them. */

import type { Operator } from "../../src/operator/operator.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { errorText } from "../../src/runtime/errors.js";

/** Asks every node; `onSilent` is called with a node that does not answer, and why. */
export async function askLiveLedgers(
  operator: Operator,
  onSilent: (node: string, why: string) => void,
): Promise<readonly LedgerReported[]> {
  const nodes = [...operator.cluster.members.values()].filter(({ roles }) => !roles.includes("operator"));
  const reported = await Promise.all(
    nodes.map(async ({ name }) => {
      try {
        return (await operator.agent(name).sources()).ledgers;
      } catch (error) {
        onSilent(name, errorText(error));
        return [];
      }
    }),
  );
  return reported.flat();
}
