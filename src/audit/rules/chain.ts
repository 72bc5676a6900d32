/**
 * Rule `chain`: a record holds the hash over the one before it and itself. So one that was changed after it was stored is
 * found, and whatever stands where another record stood. Records that no store has chained have none.
 */

import { CHAIN_START, chainOf } from "../../task/record-chain.js";
import type { StoredRecord } from "../../task/record.js";
import type { AuditRule } from "../rule.js";

export const chain: AuditRule<"chain"> = {
  code: "chain",
  createCheck(_, findings) {
    let first: StoredRecord | null = null;
    let last: StoredRecord | null = null;

    function check(record: StoredRecord, before: string | undefined): void {
      if (record.chain === undefined && before !== undefined && before !== CHAIN_START) {
        findings.add(record.id, "It is not chained to the record before it, which is chained itself");
      } else if (record.chain !== undefined && record.chain !== chainOf(before ?? CHAIN_START, record)) {
        findings.add(record.id, "Its hash is not that of its content and of the record before it");
      }
    }

    return {
      onRecord({ record }) {
        first ??= record;
        if (last !== null && record.position === last.position + 1) check(record, last.chain);
        last = record;
      },
      onEnd(_missing, { stated }) {
        if (stated === null || first === null || last === null) return;
        const { firstPosition, firstChain, nextPosition, lastChain } = stated.before;
        if (first.position === firstPosition) check(first, firstChain);
        if (last.position === nextPosition - 1 && (last.chain ?? CHAIN_START) !== lastChain) {
          findings.add(last.id, "The chain does not end in it, as its store has said");
        }
      },
    };
  },
};
