/** What an audit takes from the ledgers that sources report. */

import type { LedgerReported } from "../task/reports.js";
import type { SourceId } from "../task/identity.js";
import type { AuditLedger } from "./account.js";

/** Tasks at once, by source. */
export function windowsOf(ledgers: readonly LedgerReported[]): ReadonlyMap<SourceId, number> {
  return new Map(ledgers.map(({ sourceId, window }) => [sourceId, window]));
}

/** A ledger for each incarnation with tasks in flight. */
export function auditLedgersOf({
  sourceId,
  incarnation,
  accounts,
}: Pick<LedgerReported, "sourceId" | "incarnation" | "accounts">): readonly AuditLedger[] {
  return accounts.map((account) => ({
    sourceId,
    incarnation: account.incarnation,
    // How many tasks an earlier incarnation created is not known to the one that took over the rest. Of what another node has
    // gone on with, the last tasks are nowhere: it goes on behind what was stored.
    created: account.incarnation === incarnation && account.superseded !== true ? account.created : null,
    outstanding: account.outstanding,
  }));
}
