/** The report of an audit, for people. */

import type { IncarnationAudit } from "../../src/audit/account.js";
import type { AuditReport } from "../../src/audit/audit.js";
import { incarnationText, taskText, type Finding } from "../../src/audit/findings.js";
import type { StoredClosing, StoredRecord } from "../../src/task/record.js";
import { tableText } from "../epoch-text.js";
import { renderTable } from "../tables.js";
import { gatedFramesText, unusedFramesText } from "../unused-frames.js";

/** A table of the sources, a line for each finding, and a line that sums up. */
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

/** The history of a task: by which table each stage was routed, in which delivery and at which attempt. */
export function describeHistory(record: StoredRecord): string {
  const name = taskText(record.id);
  if (record.type === "gap") {
    const { reason, stage, node, detail } = record;
    return `${name} was dropped as ${reason} on ${node}, ${stage === null ? "at its source" : `at "${stage}"`}: ${detail}`;
  }
  if (record.type === "closed") return describeClosing(record);
  const fromMs = record.createdAtMs;
  const after = (atMs: number): string => (atMs - fromMs).toFixed(1);
  const hops = renderTable(
    [
      { title: "stage" },
      { title: "node" },
      { title: "table" },
      { title: "delivery", align: "right" },
      { title: "attempt", align: "right" },
      { title: "enqueued ms", align: "right" },
      { title: "started ms", align: "right" },
      { title: "ended ms", align: "right" },
    ],
    record.hops.map(({ stage, node, epoch, delivery, attempt, enqueuedAtMs, startedAtMs, endedAtMs }) => [
      stage,
      node,
      tableText(epoch),
      delivery,
      attempt,
      after(enqueuedAtMs),
      after(startedAtMs),
      after(endedAtMs),
    ]),
  );
  return `${name}, stored ${after(record.storedAtMs)} ms after it was created, in delivery ${record.delivery}:\n${hops}`;
}

/** How an incarnation of a source ended. */
export function describeClosing({ id, end, counts }: StoredClosing): string {
  const stored = counts === null ? "" : `, of which ${counts.stored} were stored`;
  const unused =
    counts === null || counts.framesSkipped === 0 ? "" : `; ${unusedFramesText(counts.framesSkipped)}`;
  const gated = counts?.framesGated === undefined ? "" : `; ${gatedFramesText(counts.framesGated)}`;
  return `${incarnationText(id)} ${end === "ended" ? "has ended" : `was ${end}`}: ${id.sequence} tasks${stored}${unused}${gated}`;
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
  return `${task === null ? (source ?? "the run") : taskText(task)}  ${rule}  ${detail}`;
}

function sumOf({ records, findingCount, findingsByRule }: AuditReport): string {
  if (findingCount === 0) return `${records} records add up: no task was lost, and none took effect twice`;
  const counts = Object.entries(findingsByRule)
    .filter(([, count]) => count > 0)
    .map(([rule, count]) => `${rule} ${count}`);
  return `${records} records do not add up: ${counts.join(", ")}`;
}
