/** What an audit knows of one source: what was stored of each of its incarnations, and so what is missing. */

import type { StoredRecord } from "../task/record.js";
import type { SourceId } from "../task/identity.js";
import type { Drops } from "../task/ledger.js";
import type { DropReason } from "../task/task.js";
import type { FindingList } from "./findings.js";
import { type Range, SequenceSet, withoutEach } from "./sequence-set.js";

/**
 * The ledger of one incarnation of a source that runs or has just ended, as it was before the records were read: what it
 * calls settled was durable by then, and of what was made later it cannot speak.
 */
export interface AuditLedger {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Sequences from this one on are not judged. Null where it does not know: then all up to the highest stored are. */
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
  /** Taken for deleted by retention. */
  readonly expired: number;
  readonly lost: number;
  readonly findings: number;
}

interface Incarnation {
  readonly seen: SequenceSet;
  readonly gaps: Partial<Record<DropReason, number>>;
  results: number;
  ledger: AuditLedger | null;
}

export class SourceAccount {
  readonly #sourceId: SourceId;
  readonly #incarnations = new Map<number, Incarnation>();
  #records = 0;

  constructor(sourceId: SourceId) {
    this.#sourceId = sourceId;
  }

  /** Records of it, a repeated one once. */
  get records(): number {
    return this.#records;
  }

  addLedger(ledger: AuditLedger): void {
    this.#incarnation(ledger.incarnation).ledger = ledger;
  }

  /** @returns false where there was a record of this task already */
  addRecord(record: StoredRecord): boolean {
    const incarnation = this.#incarnation(record.id.incarnation);
    if (!incarnation.seen.add(record.id.sequence)) return false;
    this.#records += 1;
    if (record.type === "result") incarnation.results += 1;
    else incarnation.gaps[record.reason] = (incarnation.gaps[record.reason] ?? 0) + 1;
    return true;
  }

  /**
   * Finds what is lost, and gives the figures of each incarnation.
   *
   * @param expired records of the source that retention has deleted: so many of the oldest that are missing are no loss
   */
  settle(expired: number, findings: FindingList): readonly IncarnationAudit[] {
    let forgiven = expired;
    const ascending = [...this.#incarnations].sort(([a], [b]) => a - b);
    return ascending.map(([incarnation, { seen, gaps, results, ledger }]) => {
      const before = forgiven;
      const known = ledger?.created ?? seen.highest + 1;
      const outstanding = [...new Set(ledger?.outstanding)].sort((a, b) => a - b);
      let lost = 0;
      for (const range of seen.missingBelow(known)) {
        for (const { from, to } of withoutEach(range, outstanding)) {
          const excused = Math.min(forgiven, to - from + 1);
          forgiven -= excused;
          lost += this.#addLost(incarnation, { from: from + excused, to }, findings);
        }
      }
      return {
        sourceId: this.#sourceId,
        incarnation,
        created: Math.max(known, seen.highest + 1),
        results,
        gaps,
        inFlight: outstanding.filter((sequence) => !seen.has(sequence)).length,
        expired: before - forgiven,
        lost,
        findings: 0,
      };
    });
  }

  /** @returns how many they are */
  #addLost(incarnation: number, { from, to }: Range, findings: FindingList): number {
    const sourceId = this.#sourceId;
    let sequence = from;
    for (; sequence <= to && !findings.full; sequence += 1) {
      const detail = "It has no record and is not known to be in flight";
      findings.add("lost", { sourceId, incarnation, sequence }, detail);
    }
    if (sequence <= to) findings.addUnnamed("lost", { sourceId, incarnation }, to - sequence + 1);
    return Math.max(0, to - from + 1);
  }

  #incarnation(number: number): Incarnation {
    let incarnation = this.#incarnations.get(number);
    if (incarnation === undefined) {
      incarnation = { seen: new SequenceSet(), gaps: {}, results: 0, ledger: null };
      this.#incarnations.set(number, incarnation);
    }
    return incarnation;
  }
}
