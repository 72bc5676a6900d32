/**
 * Rule `times`: a task was made after its first frame left the source, worked on after it was made, and stored after its last
 * stage ended, as far as clocks agree. What was delivered again may have been made under the clock of an earlier incarnation.
 */

import type { StoredRecord } from "../../task/record.js";
import type { AuditRule } from "../rule.js";

export const times: AuditRule<"times"> = {
  code: "times",
  createCheck: ({ clockToleranceMs }, findings) => ({
    onRecord({ record, repeated }) {
      if (repeated) return;
      for (const [earlier, atMs, later, thenMs] of momentsOf(record)) {
        if (atMs <= thenMs + clockToleranceMs) continue;
        findings.add(record.id, `It was ${later} ${(atMs - thenMs).toFixed(3)} ms before ${earlier}`);
      }
    },
  }),
};

type Moments = readonly (readonly [earlier: string, atMs: number, later: string, thenMs: number])[];

function momentsOf(record: StoredRecord): Moments {
  if (record.type === "closed") return [];
  const { sourceAtMs, storedAtMs } = record;
  if (record.type === "gap") return [["its first frame left the source", sourceAtMs, "stored", storedAtMs]];
  const { createdAtMs, hops, delivery } = record;
  const moments = hops.map(
    (hop) => [`stage "${hop.stage}" ended`, hop.endedAtMs, "stored", storedAtMs] as const,
  );
  if (delivery > 1) return moments;
  return [
    ["its first frame left the source", sourceAtMs, "made", createdAtMs],
    ...hops.map(
      (hop) => ["it was made", createdAtMs, `enqueued for "${hop.stage}"`, hop.enqueuedAtMs] as const,
    ),
    ...moments,
  ];
}
