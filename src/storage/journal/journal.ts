/** The port between a generator and what outlives its node: the tasks that are not settled, and the position of the source. */

import type { Repair } from "../../task/reports.js";
import type { Takeover } from "../../task/hosting.js";
import type { SourcePosition, SourceSpan } from "../../task/position.js";
import type { SourceRequest } from "../../task/requests.js";
import type { TaskId } from "../../task/identity.js";
import type { DropReason, OutageTimes, Task } from "../../task/task.js";

/** Why a generator gave a task up. */
export interface GivenUp {
  readonly reason: DropReason;
  readonly detail: string;
  /** Of an outage or a pause alone. */
  readonly outage?: OutageTimes;
}

/** A task as it outlives its node. */
export interface JournalEntry {
  /**
   * One branch of it, at a root, in its first delivery by this incarnation. Its payload is null where the source can be
   * read again, and where only its drop is left to report.
   */
  readonly task: Task;
  readonly drop: GivenUp | null;
  /** Which part of the source it is of; null of a live one. */
  readonly span: SourceSpan | null;
}

/** What the earlier incarnations of a source left. */
export interface RecoveredState {
  /** Of the source now: above every one that it has had, and durable. */
  readonly incarnation: number;
  /** Its tasks that were not settled, in order. */
  readonly entries: readonly JournalEntry[];
  /** Where a source that can be read again goes on; null at the start. */
  readonly position: SourcePosition | null;
  /** When the last task was made, in ms since the Unix epoch; null where the source was ended for good, or is another one. */
  readonly lastTaskAtMs: number | null;
  /** Why it was another node that made it, for people; absent where this one did. */
  readonly hostGone?: string;
  /** Tasks that earlier incarnations made since the source began anew. */
  readonly tasksBefore: number;
  /** Incarnations that have not ended by themselves. */
  readonly unclosed: readonly UnclosedIncarnation[];
}

/** An incarnation that went down with its node. */
export interface UnclosedIncarnation {
  readonly incarnation: number;
  /** Tasks that it made: no more than those that were written here have left it. */
  readonly created: number;
  readonly end: "recovered" | "replaced";
}

/** Of one source. */
export interface Journal {
  /**
   * Keeps entries, those before first; resolves once they are durable. An entry of the same task is replaced. What
   * could not be written is written first by the next write, so that no later entry is there without it.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  put(entries: readonly JournalEntry[]): Promise<void>;
  /** The task is settled: its entry goes soon, and if the node dies before, the task is delivered again. */
  settle(id: TaskId): void;
  /** The source has ended and every task is settled: the next time it starts from its beginning. */
  close(): Promise<void>;
  /** Every task is settled, and the source goes on with its node: where it is, as an operator asked for it. */
  suspend(): Promise<void>;
}

export interface OpenJournal {
  /** Tells one source of this name from another, whose position is of no use. */
  readonly source: string;
  /** The new incarnation is at least this. */
  readonly nowMs: number;
  /** What an operator asked for; null where a program started the source. */
  readonly request: SourceRequest | null;
  /** Another node had the source before: it goes on as that says, whatever is kept here of earlier times. Absent: none had. */
  readonly takeover?: Takeover;
}

/** What is kept of a source beside its tasks. */
export interface SourceMeta {
  readonly incarnation: number;
  /** Tells one source of this name from another. */
  readonly source: string;
  readonly position: SourcePosition | null;
  /** When the last task was made; absent before the first one, and once the source was ended for good. */
  readonly lastTaskAtMs?: number;
  /** Tasks of earlier incarnations since the source began anew. */
  readonly tasksBefore?: number;
  /** Tasks of the incarnation that were written; absent once it has ended. */
  readonly created?: number;
  /** Earlier ones whose closings may not be stored yet. */
  readonly unclosed?: readonly UnclosedIncarnation[];
  /** What an operator asked for, to be started again with the node; null where a program did, or the source has ended. */
  readonly request: SourceRequest | null;
}

/** More crashes in a row are not closed one by one: their tasks are in those of the last ones. */
const UNCLOSED_MAX = 100;

/** The next incarnation of a source. It keeps the position only where it is the same source. */
export function nextIncarnation(
  before: SourceMeta | null,
  { source, nowMs, request, takeover }: OpenJournal,
): SourceMeta {
  const incarnation = Math.max(nowMs, (before?.incarnation ?? 0) + 1);
  if (takeover !== undefined && !isBegun(before, takeover)) {
    return { ...takenOverMeta(takeover, incarnation), source, created: 0, unclosed: [], request };
  }
  const same = before?.source === source ? before : null;
  return {
    incarnation,
    source,
    position: same?.position ?? null,
    ...(same?.lastTaskAtMs !== undefined && { lastTaskAtMs: same.lastTaskAtMs }),
    tasksBefore: same === null ? 0 : tasksOf(same),
    created: 0,
    unclosed: unclosedOf(before, source),
    request,
  };
}

/** Whether the source has begun here since that was said: it was said again, as the answer may be lost. */
function isBegun(before: SourceMeta | null, { incarnationAfter }: Takeover): boolean {
  return (before?.incarnation ?? 0) > incarnationAfter;
}

/** Of what was under way: the hub has sealed it before it had the source go on behind what is stored, and takes nothing of it. */
export function isSuperseded({ task }: JournalEntry, { takeover }: Pick<OpenJournal, "takeover">): boolean {
  return takeover !== undefined && task.id.incarnation <= takeover.incarnationAfter;
}

function takenOverMeta(
  { incarnationAfter, position, lastTaskAtMs, tasksBefore }: Takeover,
  incarnation: number,
): Pick<SourceMeta, "incarnation" | "position" | "lastTaskAtMs" | "tasksBefore"> {
  return {
    incarnation: Math.max(incarnation, incarnationAfter + 1),
    position,
    ...(lastTaskAtMs !== null && { lastTaskAtMs }),
    tasksBefore,
  };
}

/** What there is to go on with of a source that another node had, and of which nothing is kept here. */
export function takenOverState(takeover: Takeover, incarnation: number): RecoveredState {
  const { lastTaskAtMs = null, tasksBefore = 0, ...meta } = takenOverMeta(takeover, incarnation);
  return { ...meta, lastTaskAtMs, tasksBefore, hostGone: takeover.reason, entries: [], unclosed: [] };
}

function unclosedOf(before: SourceMeta | null, source: string): readonly UnclosedIncarnation[] {
  if (before?.created === undefined) return [];
  const { incarnation, created, unclosed = [] } = before;
  const end = before.source === source ? "recovered" : "replaced";
  return [...unclosed, { incarnation, created, end } as const].slice(-UNCLOSED_MAX);
}

/** Since the source began anew. */
function tasksOf({ tasksBefore = 0, created = 0 }: SourceMeta): number {
  return tasksBefore + created;
}

/** The source has ended, and every closing is stored. */
export function endedMeta({ incarnation, source }: SourceMeta): SourceMeta {
  return { incarnation, source, position: null, request: null };
}

/** Whether the source has begun and was not ended for good. */
export function goesOn({ created, tasksBefore, request }: SourceMeta): boolean {
  return created !== undefined || tasksBefore !== undefined || request !== null;
}

/** Every closing is stored, and the source goes on with its node. */
export function suspendedMeta(meta: SourceMeta): SourceMeta {
  const { created: _created, unclosed: _unclosed, ...kept } = meta;
  return { ...kept, tasksBefore: tasksOf(meta) };
}

/**
 * What the next incarnation takes over. Where it is another source now, frames cannot be read again. Its position is
 * never before that of a task, also where a repair has brought back an older one.
 */
export function recoveredState(
  before: SourceMeta | null,
  next: SourceMeta,
  entries: readonly JournalEntry[],
  { takeover }: Pick<OpenJournal, "takeover"> = {},
): RecoveredState {
  const same = before?.source === next.source;
  return {
    ...(takeover !== undefined && !isBegun(before, takeover) && { hostGone: takeover.reason }),
    incarnation: next.incarnation,
    entries: same ? entries : entries.map(withoutSource),
    position: same ? latest(next.position, entries) : next.position,
    lastTaskAtMs: next.lastTaskAtMs ?? null,
    tasksBefore: next.tasksBefore ?? 0,
    unclosed: next.unclosed ?? [],
  };
}

/**
 * Moves the position on to these entries; those of earlier incarnations are behind it already. It never goes back: an
 * entry that is written again is written behind later ones.
 */
export function positionWith(meta: SourceMeta, entries: readonly JournalEntry[]): SourceMeta {
  const own = entries.filter(({ task }) => task.id.incarnation === meta.incarnation);
  const before = meta.created ?? 0;
  const created = Math.max(before, ...own.map(({ task }) => task.id.sequence + 1));
  const position = latest(meta.position, own);
  if (created === before && position === meta.position) return meta;
  const lastTaskAtMs = Math.max(meta.lastTaskAtMs ?? 0, ...own.map(({ task }) => task.createdAtMs));
  return { ...meta, created, position, lastTaskAtMs };
}

function latest(from: SourcePosition | null, entries: readonly JournalEntry[]): SourcePosition | null {
  return entries.reduce(
    (last, { span }) => (span !== null && span.last.frame > (last?.frame ?? -1) ? span.last : last),
    from,
  );
}

function withoutSource(entry: JournalEntry): JournalEntry {
  if (entry.drop !== null || entry.task.payload !== null) return entry;
  return { ...entry, drop: { reason: "sourceLost", detail: "the source of that name is another one now" } };
}

/** To whom the journals of a folder belong: what is unsettled in them is no other cluster's, and no other node's. */
export interface JournalOwner {
  readonly node: string;
  /** Name of the cluster, for people. */
  readonly cluster: string;
  /** @see ClusterIdentity */
  readonly clusterId: string | null;
}

/** How much journals hold. */
export interface JournalContent {
  /** Sources that have run, whether or not they have ended. */
  readonly sources: number;
  /** Tasks that are not settled. */
  readonly tasks: number;
}

/** The journals of a node. */
export interface Journals {
  /** Damage to them that was repaired, oldest first; the newest few. */
  readonly repairs: readonly Repair[];
  /** Why they cannot be written now, for people; null where they can, as far as is known. */
  readonly failure: string | null;
  /**
   * Begins an incarnation of a source, and returns what the ones before it left.
   *
   * @throws SluiceError `store-full`, `store-unwritable`, `store-corrupt`
   */
  open(sourceId: string, options: OpenJournal): Promise<{ journal: Journal; recovered: RecoveredState }>;
  /** Whether a source of that name has begun here and was not ended for good: it ran, or was suspended, and may go on. */
  holds(sourceId: string): Promise<boolean>;
  /** The sources that an operator asked for and that have not ended. */
  interrupted(): Promise<readonly SourceRequest[]>;
  /** Ends for good a source that does not run. @returns false where no operator has asked for one of that name */
  end(sourceId: string): Promise<boolean>;
}
