/**
 * Rule `attempt`: attempts are whole numbers from 1, identities are made of whole numbers from 0, and no stage ran in a
 * delivery behind the one that was stored.
 */

import type { StoredResult } from "../../task/record.js";
import type { AuditRule } from "../rule.js";

export const attempt: AuditRule<"attempt"> = {
  code: "attempt",
  createCheck: (_, findings) => ({
    onRecord({ record, sound, repeated }) {
      if (!sound) findings.add(record.id, "Its identity has a number that is not whole from 0 on");
      if (record.type !== "result" || repeated) return;
      for (const problem of wrongAttempts(record)) findings.add(record.id, problem);
    },
  }),
};

function wrongAttempts({ hops, delivery }: StoredResult): readonly string[] {
  const late = hops
    .filter((hop) => hop.delivery > delivery)
    .map(
      (hop) => `Stage "${hop.stage}" ran in delivery ${hop.delivery}, and delivery ${delivery} was stored`,
    );
  const wrong = hops
    .filter((hop) => !Number.isSafeInteger(hop.attempt) || hop.attempt < 1)
    .map((hop) => `Stage "${hop.stage}" is of attempt ${hop.attempt}: wanted a whole number from 1`);
  return [...late, ...wrong];
}
