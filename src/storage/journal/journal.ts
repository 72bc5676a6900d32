/** The port between a generator and what outlives its node: the tasks that are not settled, and where the source was. */

import type { SourceRequest } from "../../task/requests.js";
import type { TaskId } from "../../task/identity.js";
import type { DropReason, Task } from "../../task/task.js";

/** Why a generator gave a task up. */
export interface GivenUp {
  readonly reason: DropReason;
  readonly detail: string;
}

/** A task as it outlives its node. */
export interface JournalEntry {
  /**
   * One branch of it, at a root, in the first delivery of this life. Its payload is null where the source can be read
   * again, and where only its drop is to be told.
   */
  readonly task: Task;
  readonly drop: GivenUp | null;
  /** Presentation time of the source's last frame that is in a task, in microseconds; null of a live source. */
  readonly positionUs: number | null;
}

/** What a source left behind. */
export interface Legacy {
  /** Above every incarnation that the source has had, and durable. */
  readonly incarnation: number;
  /** Its tasks that were not settled, in order. */
  readonly entries: readonly JournalEntry[];
  /** Where a source that can be read again goes on; null at the start. */
  readonly positionUs: number | null;
}

/** Of one source. */
export interface Journal {
  /**
   * Keeps entries, those before first; resolves once they are durable. An entry of the same task is replaced.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  put(entries: readonly JournalEntry[]): Promise<void>;
  /** The task is settled: its entry goes soon, and if the node dies before, the task is delivered again. */
  settle(id: TaskId): void;
  /** The source is at its end and every task settled: it begins anew the next time. */
  close(): Promise<void>;
}

export interface OpenJournal {
  /** Tells one source of this name from another: a position of another one is of no use. */
  readonly source: string;
  /** The new incarnation is at least this. */
  readonly nowMs: number;
  /** What an operator asked for; null where a program started the source. */
  readonly request: SourceRequest | null;
}

/** What is known of a source beside its tasks. */
export interface SourceMeta {
  readonly incarnation: number;
  /** Tells one source of this name from another. */
  readonly source: string;
  readonly positionUs: number | null;
  /** What an operator asked for, to be started again with the node; null where a program did, or it is at its end. */
  readonly request: SourceRequest | null;
}

/** The next life of a source: under a higher incarnation, and where it was only if it is the same one. */
export function nextLife(before: SourceMeta | null, { source, nowMs, request }: OpenJournal): SourceMeta {
  return {
    incarnation: Math.max(nowMs, (before?.incarnation ?? 0) + 1),
    source,
    positionUs: before?.source === source ? before.positionUs : null,
    request,
  };
}

/** What a life takes over: of a source that is another one now, frames cannot be read again. */
export function legacyOf(
  before: SourceMeta | null,
  next: SourceMeta,
  entries: readonly JournalEntry[],
): Legacy {
  const same = before?.source === next.source;
  return {
    incarnation: next.incarnation,
    entries: same ? entries : entries.map(withoutSource),
    positionUs: next.positionUs,
  };
}

/** Where a source is with these entries; what is taken over from a life before is behind its position already. */
export function positionWith(meta: SourceMeta, entries: readonly JournalEntry[]): SourceMeta {
  const newest = entries.findLast(({ task }) => task.id.incarnation === meta.incarnation);
  const positionUs = newest?.positionUs ?? null;
  return positionUs === null ? meta : { ...meta, positionUs };
}

function withoutSource(entry: JournalEntry): JournalEntry {
  if (entry.drop !== null || entry.task.payload !== null) return entry;
  return { ...entry, drop: { reason: "sourceLost", detail: "the source of that name is another one now" } };
}

/** The journals of a node. */
export interface Journals {
  /**
   * Takes over what a source left behind.
   *
   * @throws SluiceError `store-full`, `store-unwritable`, `store-corrupt`
   */
  open(sourceId: string, options: OpenJournal): Promise<{ journal: Journal; legacy: Legacy }>;
  /** The sources that an operator asked for and that did not come to their end. */
  interrupted(): Promise<readonly SourceRequest[]>;
}
