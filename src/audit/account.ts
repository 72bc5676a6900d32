/** The account of one source in an audit: what was stored of each of its incarnations, and so what is missing. */

import type { StoredClosing, StoredRecord } from "../task/record.js";
import type { SourceId, TaskId } from "../task/identity.js";
import type { Drops } from "../task/ledger.js";
import type { DropReason } from "../task/task.js";
import { countSequences } from "./origin.js";
import { type Range, SequenceSet, withoutEach, withoutRanges } from "./sequence-set.js";

/**
 * The ledger of one incarnation of a source that runs or has just ended, from before the records were read: what it calls
 * settled was durable by then, and of tasks created later it says nothing.
 */
export interface AuditLedger {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Sequences from this one on are not judged. Null where it is not known: then all up to the highest stored are. */
  readonly created: number | null;
  /** Sequences in flight. */
  readonly outstanding: readonly number[];
}

/** The figures of one incarnation: created = results + gaps + in flight + expired + lost. */
export interface IncarnationAudit {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** One more than the highest sequence known. */
  readonly created: number;
  readonly results: number;
  readonly gaps: Drops;
  /** As its ledger says, less those that are stored. */
  readonly inFlight: number;
  /** Deleted by retention. */
  readonly expired: number;
  readonly lost: number;
  readonly findings: number;
  /** How it ended; null where nothing says so. */
  readonly closed: StoredClosing["end"] | null;
}

/** Sequences, from the one to the other, both included, that have no record and no excuse. */
export interface MissingTasks extends Range {
  readonly sourceId: SourceId;
  readonly incarnation: number;
}

/** What has come of a source by the end of its records. */
export interface SettledAccount {
  readonly incarnations: readonly Omit<IncarnationAudit, "findings">[];
  readonly missing: readonly MissingTasks[];
}

interface Incarnation {
  readonly seen: SequenceSet;
  readonly gaps: Partial<Record<DropReason, number>>;
  results: number;
  ledger: AuditLedger | null;
  closing: StoredClosing | null;
}

export class SourceAccount {
  readonly #sourceId: SourceId;
  readonly #incarnations = new Map<number, Incarnation>();

  constructor(sourceId: SourceId) {
    this.#sourceId = sourceId;
  }

  addLedger(ledger: AuditLedger): void {
    this.#incarnation(ledger.incarnation).ledger = ledger;
  }

  /** @returns false where there was a record of this task already */
  addRecord(record: StoredRecord): boolean {
    const incarnation = this.#incarnation(record.id.incarnation);
    if (record.type === "closed") {
      if (incarnation.closing !== null) return false;
      incarnation.closing = record;
      return true;
    }
    if (!incarnation.seen.add(record.id.sequence)) return false;
    if (record.type === "result") incarnation.results += 1;
    else incarnation.gaps[record.reason] = (incarnation.gaps[record.reason] ?? 0) + 1;
    return true;
  }

  /**
   * @param expired sequences whose records retention has deleted, by incarnation: `[from, to, from, to, ...]`
   * @param takenOver incarnations whose end retention has deleted: another host took the source over
   */
  settle(
    expired: ReadonlyMap<number, readonly number[]>,
    takenOver: ReadonlySet<number> = new Set(),
  ): SettledAccount {
    const sourceId = this.#sourceId;
    const missing: MissingTasks[] = [];
    const ascending = [...this.#incarnations].sort(([a], [b]) => a - b);
    const incarnations = ascending.map(([incarnation, { seen, gaps, results, ledger: told, closing }]) => {
      // Once the hub has sealed it for another host, its node may have created tasks that have ended with it and are nowhere.
      const end = closing?.end ?? (takenOver.has(incarnation) ? "takenOver" : null);
      const ledger = end === "takenOver" ? null : told;
      const deleted = expired.get(incarnation) ?? [];
      const highest = Math.max(seen.highest, deleted.at(-1) ?? -1, (closing?.id.sequence ?? 0) - 1);
      const known = ledger?.created ?? highest + 1;
      const outstanding = [...new Set(ledger?.outstanding)].sort((a, b) => a - b);
      let lost = 0;
      for (const range of seen.missingBelow(known)) {
        for (const part of withoutRanges(range, deleted)) {
          for (const { from, to } of withoutEach(part, outstanding)) {
            missing.push({ sourceId, incarnation, from, to });
            lost += to - from + 1;
          }
        }
      }
      return {
        sourceId,
        incarnation,
        created: Math.max(known, seen.highest + 1),
        closed: end,
        results,
        gaps,
        inFlight: outstanding.filter((sequence) => !seen.has(sequence)).length,
        expired: countSequences(deleted),
        lost,
      };
    });
    return { incarnations, missing };
  }

  #incarnation(number: number): Incarnation {
    let incarnation = this.#incarnations.get(number);
    if (incarnation === undefined) {
      incarnation = { seen: new SequenceSet(), gaps: {}, results: 0, ledger: null, closing: null };
      this.#incarnations.set(number, incarnation);
    }
    return incarnation;
  }
}

/** Whether an identity is made of whole numbers from 0. */
export function isSoundIdentity({ incarnation, sequence }: TaskId): boolean {
  return [incarnation, sequence].every((number) => Number.isSafeInteger(number) && number >= 0);
}
