/**
 * Rule `complete`: the records are all that their store says it has. Positions have no hole between its first and its next,
 * and each source has as many tasks of each outcome as the store has counted, those that retention has deleted included.
 */

import type { SourceId } from "../../task/identity.js";
import type { StoredGap, StoredResult } from "../../task/record.js";
import type { SourceTotals } from "../../task/reports.js";
import type { RuleFindings } from "../findings.js";
import { countSequences, expiredOf, type RecordsOrigin, type Stated } from "../origin.js";
import type { AuditRule } from "../rule.js";
import { type Range, SequenceSet } from "../sequence-set.js";

/** Holes that are named one by one. */
const HOLES_NAMED = 20;
const NONE: SourceTotals = { stored: 0, dropped: {} };

export const complete: AuditRule<"complete"> = {
  code: "complete",
  createCheck(_, findings) {
    const positions = new SequenceSet();
    /** By source, then `stored` or why it was dropped. */
    const outcomes = new Map<SourceId, Map<string, number>>();
    return {
      onRecord({ record, sound, repeated }) {
        positions.add(record.position);
        if (!sound || repeated || record.type === "closed") return;
        const { sourceId } = record.id;
        const counts = outcomes.get(sourceId) ?? new Map<string, number>();
        outcomes.set(sourceId, counts);
        const outcome = outcomeText(record);
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      },
      onEnd(_missing, origin) {
        const { stated } = origin;
        if (stated === null || !stated.whole) return;
        checkPositions(positions, stated, findings);
        checkTotals(outcomes, origin, stated, findings);
      },
    };
  },
};

function checkPositions(positions: SequenceSet, { before, after }: Stated, findings: RuleFindings): void {
  // Retention may have deleted more while the records were read.
  const from = Math.max(before.firstPosition, Math.min(after.firstPosition, before.nextPosition));
  const holes: Range[] = [];
  let missing = 0;
  for (const hole of positions.missingBelow(before.nextPosition)) {
    if (hole.to < from) continue;
    const start = Math.max(hole.from, from);
    missing += hole.to - start + 1;
    holes.push({ from: start, to: hole.to });
  }
  for (const { from: start, to } of holes.slice(0, HOLES_NAMED)) {
    const what = start === to ? `Position ${start} holds` : `Positions ${start} to ${to} hold`;
    findings.addOfRun(`${what} no record, though the store has given ${start === to ? "it" : "them"} out`);
  }
  if (holes.length > HOLES_NAMED) {
    findings.addOfRun(
      `${holes.length - HOLES_NAMED} more ranges of positions hold no record, ${missing} in all`,
    );
  }
  if (positions.highest >= before.nextPosition) {
    findings.addOfRun(`Position ${positions.highest} is one that the store had not given out`);
  }
}

function checkTotals(
  outcomes: ReadonlyMap<SourceId, ReadonlyMap<string, number>>,
  origin: RecordsOrigin,
  { before, after }: Stated,
  findings: RuleFindings,
): void {
  const moved = after.firstPosition !== before.firstPosition;
  for (const source of new Set([...outcomes.keys(), ...Object.keys(before.totals)]) as Set<SourceId>) {
    const { stored, dropped } = before.totals[source] ?? NONE;
    const told = new Map(Object.entries({ ...dropped, stored }));
    const counts = outcomes.get(source) ?? new Map<string, number>();
    const expired = [...expiredOf(origin, source).values()].reduce(
      (sum, each) => sum + countSequences(each),
      0,
    );
    const [wanted, found] = [totalOf(told), totalOf(counts) + expired];
    // While records were read, retention may have deleted some that came after the first statement.
    if (moved ? found < wanted : found !== wanted) {
      findings.addOf(
        source,
        `Its store has settled ${wanted} tasks of it; ${found} are here or deleted by retention`,
      );
      continue;
    }
    for (const outcome of new Set([...told.keys(), ...counts.keys()])) {
      const [count, settled] = [counts.get(outcome) ?? 0, told.get(outcome) ?? 0];
      const wrong = expired === 0 ? count !== settled : count > settled;
      if (wrong) {
        findings.addOf(
          source,
          `Its store has settled ${settled} tasks of it as ${outcome}; there are ${count}`,
        );
      }
    }
  }
}

function outcomeText(record: StoredResult | StoredGap): string {
  return record.type === "result" ? "stored" : record.reason;
}

function totalOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
