/** The report of an audit, for people. */

import type { IncarnationAudit } from "../../src/actors/audit/account.js";
import type { AuditReport } from "../../src/actors/audit/audit.js";
import { AUDIT_RULES, taskText, type Finding } from "../../src/actors/audit/findings.js";
import { renderTable } from "../tables.js";

/** A table of the sources, a line for each finding and one that sums up. */
export function describeAudit(report: AuditReport): string {
  const { incarnations, findings, findingCount } = report;
  const further = findingCount - findings.length;
  return [
    ...(incarnations.length === 0 ? [] : [sourcesTable(incarnations)]),
    ...findings.map(lineOf),
    ...(further === 0 ? [] : [`and ${further} more`]),
    sumOf(report),
  ].join("\n");
}

function sourcesTable(incarnations: readonly IncarnationAudit[]): string {
  return renderTable(
    [
      { title: "source" },
      { title: "incarnation", align: "right" },
      { title: "created", align: "right" },
      { title: "stored", align: "right" },
      { title: "dropped" },
      { title: "in flight", align: "right" },
      { title: "expired", align: "right" },
      { title: "findings", align: "right" },
    ],
    incarnations.map(({ sourceId, incarnation, created, results, gaps, inFlight, expired, findings }) => [
      sourceId,
      incarnation,
      created,
      results,
      Object.entries(gaps)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(", ") || "0",
      inFlight,
      expired,
      findings,
    ]),
  );
}

function lineOf({ rule, source, task, detail }: Finding): string {
  return `${task === null ? source : taskText(task)}  ${rule}  ${detail}`;
}

function sumOf({ records, findingCount, findingsByRule }: AuditReport): string {
  if (findingCount === 0) return `${records} records add up: nothing is lost, and nothing took effect twice`;
  const counts = AUDIT_RULES.filter((rule) => findingsByRule[rule] > 0).map(
    (rule) => `${rule} ${findingsByRule[rule]}`,
  );
  return `${records} records do not add up: ${counts.join(", ")}`;
}
