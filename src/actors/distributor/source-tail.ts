/** What the records of a source say of it, from a position on: what was made, what of it is missing, and where it has come to. */

import { SequenceSet } from "../../audit/sequence-set.js";
import type { SourceId, TaskId } from "../../task/identity.js";
import type { SourcePosition } from "../../task/position.js";
import type { StoredGap, StoredRecord, StoredResult } from "../../task/record.js";
import type { FrameRange } from "../../task/task.js";
import type { Store } from "../../storage/results/store.js";

export interface SourceTail {
  /** Behind the last frame that is in a task; null of a live source, and before any. */
  readonly position: SourcePosition | null;
  /** Null where there is no task. */
  readonly lastTaskAtMs: number | null;
  /** As far as their records tell. */
  readonly tasks: number;
  readonly open: readonly OpenIncarnation[];
  readonly nextPosition: number;
}

/** An incarnation that is not closed. */
interface OpenIncarnation {
  readonly incarnation: number;
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
  store: Pick<Store, "read" | "nextPosition">,
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
  return { ...reader.report(), nextPosition: end };
}

interface Incarnation {
  readonly sequences: SequenceSet;
  isClosed: boolean;
}

interface Newest {
  readonly id: TaskId;
  readonly frames: FrameRange;
  /** Between the last two frames of the task, in microseconds; null of one frame. */
  readonly spacingUs: number | null;
}

class TailReader {
  readonly #incarnations = new Map<number, Incarnation>();
  #newest: Newest | null = null;
  #lastTaskAtMs: number | null = null;

  add(record: StoredRecord): void {
    const { incarnation, sequence } = record.id;
    const own = this.#incarnations.get(incarnation) ?? { sequences: new SequenceSet(), isClosed: false };
    this.#incarnations.set(incarnation, own);
    if (record.type === "closed") {
      own.isClosed = true;
      return;
    }
    own.sequences.add(sequence);
    this.#lastTaskAtMs = Math.max(this.#lastTaskAtMs ?? 0, lastAtMs(record));
    const { id, frames } = record;
    if (frames === undefined || !isBehind(id, this.#newest?.id)) return;
    this.#newest = { id, frames, spacingUs: spacingOf(record) };
  }

  report(): Omit<SourceTail, "nextPosition"> {
    const all = [...this.#incarnations].sort(([a], [b]) => a - b);
    return {
      position: positionBehind(this.#newest),
      lastTaskAtMs: this.#lastTaskAtMs,
      tasks: all.reduce((sum, [, { sequences }]) => sum + sequences.highest + 1, 0),
      open: all.filter(([, { isClosed }]) => !isClosed).map(openIncarnation),
    };
  }
}

function openIncarnation([incarnation, { sequences }]: readonly [number, Incarnation]): OpenIncarnation {
  const created = sequences.highest + 1;
  const missing: number[] = [];
  for (const { from, to } of sequences.missingBelow(created)) {
    for (let sequence = from; sequence <= to && missing.length < MISSING_MAX; sequence += 1) {
      missing.push(sequence);
    }
    if (missing.length >= MISSING_MAX) break;
  }
  return { incarnation, created, missing };
}

/** When a task was made, or an outage was over. */
function lastAtMs(record: StoredResult | StoredGap): number {
  return record.type === "result" ? record.createdAtMs : (record.outage?.toMs ?? record.sourceAtMs);
}

function isBehind({ incarnation, sequence }: TaskId, other: TaskId | undefined): boolean {
  if (other === undefined || incarnation !== other.incarnation)
    return incarnation > (other?.incarnation ?? -1);
  return sequence > other.sequence;
}

function spacingOf(record: StoredResult | StoredGap): number | null {
  if (record.type === "gap") return null;
  const [before, last] = record.framePtsUs.slice(-2);
  return before === undefined || last === undefined ? null : last - before;
}

function positionBehind(newest: Newest | null): SourcePosition | null {
  if (newest === null) return null;
  const { last, lastUs, lastSourceUs = lastUs } = newest.frames;
  return { frame: last, sourceUs: lastSourceUs, ptsUs: lastUs, spacingUs: newest.spacingUs };
}
