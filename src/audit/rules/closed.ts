/**
 * Rule `closed`: the closing of an incarnation of a source agrees with its records. It has made no more tasks than that says,
 * each ended as it was counted. An incarnation that another one has followed is closed, and where it is known which sources run,
 * so is the last one of every other. Nothing is asked of a source that runs, nor, unless that is known, of a run without any closing:
 * it is of a program that has none stored. Where retention has deleted records, a closing in their midst may have been one.
 */

import type { SourceId, TaskId } from "../../task/identity.js";
import type { StoredClosing, StoredRecord } from "../../task/record.js";
import { countDrops, type Drops } from "../../task/ledger.js";
import type { DropReason } from "../../task/task.js";
import { incarnationText, type IncarnationId, type RuleFindings } from "../findings.js";
import { expiredOf, type RecordsOrigin } from "../origin.js";
import type { AuditRule } from "../rule.js";

interface Incarnation extends IncarnationId {
  closing: StoredClosing | null;
  stored: number;
  readonly dropped: Partial<Record<DropReason, number>>;
  /** With the highest sequence. */
  last: TaskId | null;
}

export const closed: AuditRule<"closed"> = {
  code: "closed",
  createCheck({ running, runningIsAll }, findings) {
    const incarnations = new Map<string, Incarnation>();
    return {
      onRecord({ record, sound, repeated }) {
        if (!sound || repeated) return;
        const key = incarnationText(record.id);
        const { sourceId, incarnation } = record.id;
        const none = { sourceId, incarnation, closing: null, stored: 0, dropped: {}, last: null };
        const own: Incarnation = incarnations.get(key) ?? none;
        incarnations.set(key, own);
        enter(own, record);
      },
      onEnd(_missing, origin) {
        for (const { closing, last, ...own } of incarnations.values()) {
          if (closing !== null) checkCounts({ closing, last, ...own }, origin, findings);
        }
        const open = openOf(incarnations.values(), running);
        if (!runningIsAll && [...incarnations.values()].every(({ closing }) => closing === null)) return;
        for (const { sourceId, incarnation, isLast } of open) {
          if (isLast && !runningIsAll) continue;
          // A closing may be older than tasks of its incarnation that were delivered again, and go before them.
          if (!isLast && isCutShort(origin)) continue;
          const why = isLast
            ? "it does not run: where its node went down and has a journal, start that again"
            : "another one has followed it";
          findings.addOf(
            sourceId,
            `Its incarnation ${incarnation} has no closing, so its last tasks may be missing; ${why}`,
          );
        }
      },
    };
  },
};

/** Whether retention has deleted records. */
function isCutShort({ stated }: RecordsOrigin): boolean {
  return (stated?.after.firstPosition ?? 0) > 0;
}

function enter(own: Incarnation, record: StoredRecord): void {
  if (record.type === "closed") {
    own.closing = record;
    return;
  }
  if (own.last === null || record.id.sequence > own.last.sequence) own.last = record.id;
  if (record.type === "result") own.stored += 1;
  else own.dropped[record.reason] = (own.dropped[record.reason] ?? 0) + 1;
}

function checkCounts(
  { closing, last, stored, dropped }: Incarnation,
  origin: RecordsOrigin,
  findings: RuleFindings,
): void {
  if (closing === null) return;
  const { id, counts } = closing;
  if (last !== null && last.sequence >= id.sequence) {
    findings.add(last, `Its incarnation is closed with ${id.sequence} tasks`);
  }
  if (counts === null) return;
  if (counts.stored + countDrops(counts.dropped) !== id.sequence) {
    findings.add(id, `It is closed with ${id.sequence} tasks, and counts others`);
  }
  if ((expiredOf(origin, id.sourceId).get(id.incarnation) ?? []).length > 0) return;
  const outcomes = [["stored", stored, counts.stored] as const, ...dropsOf(dropped, counts.dropped)];
  for (const [outcome, count, wanted] of outcomes) {
    if (count !== wanted)
      findings.add(id, `It is closed with ${wanted} tasks that were ${outcome}; there are ${count}`);
  }
}

function dropsOf(found: Drops, told: Drops): readonly (readonly [string, number, number])[] {
  const reasons = Object.keys({ ...found, ...told }) as DropReason[]; // keys of records of reasons
  return reasons.map((reason) => [`dropped as ${reason}`, found[reason] ?? 0, told[reason] ?? 0]);
}

/** Those that are not closed, of sources that do not run. */
function openOf(
  incarnations: Iterable<Incarnation>,
  running: ReadonlySet<SourceId>,
): readonly (Incarnation & { readonly isLast: boolean })[] {
  const all = [...incarnations].filter(({ sourceId }) => !running.has(sourceId));
  const newest = new Map<SourceId, number>();
  for (const { sourceId, incarnation } of all) {
    newest.set(sourceId, Math.max(incarnation, newest.get(sourceId) ?? 0));
  }
  return all
    .filter(({ closing }) => closing === null)
    .map((own) => ({ ...own, isLast: own.incarnation === newest.get(own.sourceId) }));
}
