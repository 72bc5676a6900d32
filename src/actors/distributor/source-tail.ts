/**
 * What the records of a source say of it, from a position on: what was made, what of it is missing, and where it has come to. Of those
 * that retention has deleted, the store has kept that.
 */

import { rangesOf, SequenceSet } from "../../audit/sequence-set.js";
import type { SourceId } from "../../task/identity.js";
import type { SourcePosition } from "../../task/position.js";
import type { StoredRecord } from "../../task/record.js";
import {
  joinTails,
  laterOf,
  tailOf,
  type ExpiredIncarnation,
  type IncarnationTail,
} from "../../storage/results/incarnation-tail.js";
import type { Store } from "../../storage/results/store.js";

export interface SourceTail {
  /** Behind the last frame that is in a task; null of a live source, and before any. */
  readonly position: SourcePosition | null;
  /** Null where there is no task. */
  readonly lastTaskAtMs: number | null;
  /** As far as their records tell. */
  readonly tasks: number;
  readonly unfinished: readonly UnfinishedIncarnation[];
  readonly nextPosition: number;
}

/** An incarnation that is not closed, or that is and has tasks that were under way when its node started again. */
interface UnfinishedIncarnation {
  readonly incarnation: number;
  readonly isClosed: boolean;
  /** Behind its last task. */
  readonly created: number;
  /** Of tasks that no record is of, ascending; the first few. */
  readonly missing: readonly number[];
}

/** Tasks are made within a window: more are missing only where a node has lied. */
const MISSING_MAX = 4_096;
const SLICE_RECORDS = 500;

/** @throws SluiceError `store-corrupt` */
export async function readTail(
  store: Pick<Store, "read" | "expired" | "nextPosition">,
  sourceId: SourceId,
  fromPosition: number,
): Promise<SourceTail> {
  const reader = new TailReader();
  const end = store.nextPosition;
  let position = fromPosition;
  while (position < end) {
    const slice = await store.read({ fromPosition: position, limit: SLICE_RECORDS, sourceId });
    for (const record of slice.records) reader.add(record);
    if (slice.nextPosition <= position) break;
    position = slice.nextPosition;
  }
  // Afterwards: what is deleted while the others are read is among them.
  for (const expired of await store.expired(sourceId)) reader.addExpired(expired, fromPosition);
  return { ...reader.report(), nextPosition: end };
}

interface Incarnation {
  readonly sequences: SequenceSet;
  /** Tasks that were made, as far as their records tell, and that of its end. */
  created: number;
  tail: IncarnationTail;
}

class TailReader {
  readonly #incarnations = new Map<number, Incarnation>();

  add(record: StoredRecord): void {
    const own = this.#join(record.id.incarnation, tailOf(record));
    const { sequence } = record.id;
    if (record.type !== "closed") own.sequences.add(sequence);
    own.created = Math.max(own.created, record.type === "closed" ? sequence : sequence + 1);
  }

  /** An incarnation is of one host alone, so all of it is from the position on, or nothing. */
  addExpired({ incarnation, sequences, tail }: ExpiredIncarnation, fromPosition: number): void {
    if (tail !== null && tail.position >= fromPosition) this.#join(incarnation, tail);
    const own = this.#incarnations.get(incarnation);
    if (own === undefined) return;
    for (const range of rangesOf(sequences)) own.sequences.addRange(range);
    own.created = Math.max(own.created, own.sequences.highest + 1);
  }

  report(): Omit<SourceTail, "nextPosition"> {
    const all = [...this.#incarnations].sort(([a], [b]) => a - b);
    return {
      position: positionBehind(all.findLast(([, { tail }]) => tail.newest !== null)?.[1].tail.newest ?? null),
      lastTaskAtMs: all.reduce<number | null>((last, [, { tail }]) => laterOf(last, tail.lastTaskAtMs), null),
      tasks: all.reduce((sum, [, { created }]) => sum + created, 0),
      unfinished: all.flatMap(([incarnation, own]) => unfinishedOf(incarnation, own)),
    };
  }

  #join(incarnation: number, tail: IncarnationTail): Incarnation {
    const own = this.#incarnations.get(incarnation) ?? { sequences: new SequenceSet(), created: 0, tail };
    own.tail = joinTails(own.tail, tail);
    this.#incarnations.set(incarnation, own);
    return own;
  }
}

function unfinishedOf(
  incarnation: number,
  { sequences, created, tail: { end } }: Incarnation,
): readonly UnfinishedIncarnation[] {
  // What is taken over was sealed: nothing of it is missing.
  if (end === "takenOver") return [];
  const missing: number[] = [];
  for (const { from, to } of sequences.missingBelow(created)) {
    for (let sequence = from; sequence <= to && missing.length < MISSING_MAX; sequence += 1) {
      missing.push(sequence);
    }
    if (missing.length >= MISSING_MAX) break;
  }
  const isClosed = end !== null;
  return isClosed && missing.length === 0 ? [] : [{ incarnation, isClosed, created, missing }];
}

function positionBehind(newest: IncarnationTail["newest"]): SourcePosition | null {
  if (newest === null) return null;
  const { last, lastUs, lastSourceUs = lastUs } = newest.frames;
  return { frame: last, sourceUs: lastSourceUs, ptsUs: lastUs, spacingUs: newest.spacingUs };
}
