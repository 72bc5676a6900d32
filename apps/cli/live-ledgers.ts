/** What the nodes of a running cluster say that their sources have in flight. */

import type { AuditLedger } from "../../src/actors/audit/account.js";
import type { Operator } from "../../src/actors/operator.js";
import type { LedgerReported } from "../../src/actors/protocol.js";
import type { SourceId } from "../../src/actors/task/identity.js";
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

export function windowsOf(ledgers: readonly LedgerReported[]): ReadonlyMap<SourceId, number> {
  return new Map(ledgers.map(({ sourceId, window }) => [sourceId, window]));
}

export function auditLedgersOf({
  sourceId,
  incarnation,
  accounts,
}: Pick<LedgerReported, "sourceId" | "incarnation" | "accounts">): readonly AuditLedger[] {
  return accounts.map((account) => ({
    sourceId,
    incarnation: account.incarnation,
    // How many an earlier life made is not known to the one that took its tasks over.
    created: account.incarnation === incarnation ? account.created : null,
    outstanding: account.outstanding,
  }));
}
