/** What the nodes of a running cluster say that their sources have in flight. */

import type { AuditLedger } from "../../src/actors/audit/account.js";
import type { Operator } from "../../src/actors/operator.js";
import type { LedgerReported } from "../../src/actors/protocol.js";
import { errorText } from "../../src/runtime/errors.js";

interface Account {
  readonly incarnation: number;
  /** Tasks that it made; of an incarnation before the one that reports: those that were taken over. */
  readonly created: number;
  readonly outstanding: readonly number[];
}

/** A ledger with the tasks in flight one by one; of nodes that do not tell them, without. */
type DetailedLedger = LedgerReported & Partial<Account> & { readonly accounts?: readonly Account[] };

/** Asks every node; `onSilent` hears of one that does not answer, and why. */
export async function askLiveLedgers(
  operator: Operator,
  onSilent: (node: string, why: string) => void,
): Promise<readonly AuditLedger[]> {
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
  return told.flat().flatMap((ledger) => auditLedgersOf(ledger));
}

/** None of a ledger that does not tell its tasks one by one. */
export function auditLedgersOf(reported: DetailedLedger): readonly AuditLedger[] {
  const { sourceId, incarnation, created, outstanding } = reported;
  if (reported.accounts !== undefined) {
    return reported.accounts.map((account) => ({
      sourceId,
      incarnation: account.incarnation,
      // How many an earlier life made is not known to the one that took its tasks over.
      created: account.incarnation === incarnation ? account.created : null,
      outstanding: account.outstanding,
    }));
  }
  if (incarnation === undefined || outstanding === undefined) return [];
  return [{ sourceId, incarnation, created, outstanding }];
}
