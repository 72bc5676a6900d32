/** What an audit takes from the ledgers that sources report. */

import type { LedgerReported } from "../task/reports.js";
import type { SourceId } from "../task/identity.js";
import type { AuditLedger } from "./account.js";

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
    // How many an earlier incarnation made is not known to the one that took its tasks over.
    created: account.incarnation === incarnation ? account.created : null,
    outstanding: account.outstanding,
  }));
}
