/**
 * The lanes in front of a service, one for each source, so that a source that floods the stage delays itself and not the
 * others. Together they are bounded, with a named overflow policy.
 */

import { compareTaskIds, taskKey, type SourceId } from "../../task/identity.js";
import type { QueuePolicy, Stage } from "../../task/pipeline.js";
import type { DropReason, Task } from "../../task/task.js";

/** A task that this stage owes an answer for. */
export interface Entry {
  readonly task: Task;
  /** Its position among the tasks of its source that come to this node. */
  readonly ordinal: number;
  /** Epoch of the table that it was routed by. */
  readonly epoch: number;
  readonly enqueuedAtMs: number;
  /** When the node before sent it, ms since the Unix epoch; undefined where none did. */
  readonly sentAtMs: number | undefined;
  /** Tries of this stage, the next one included. */
  attempt: number;
  /** Tries that ended with the worker. */
  crashes: number;
}

export interface SourceLanes {
  readonly policy: QueuePolicy;
  /** Tasks waiting at most, all lanes together. */
  readonly capacity: number;
  /** Lanes hold the tasks of a source in order of identity, not of arrival. */
  readonly ordered: boolean;
  /** In turn: a lane that was served goes to the end. None is empty. */
  readonly bySource: Map<SourceId, Entry[]>;
  /** Keys of the tasks waiting here or taken and not yet answered. */
  readonly keys: Set<string>;
  /** Tasks waiting. */
  size: number;
}

export interface Overflow {
  readonly entry: Entry;
  readonly reason: DropReason;
  readonly detail: string;
}

export function createSourceLanes({ queue, stateful }: Pick<Stage, "queue" | "stateful">): SourceLanes {
  return { ...queue, ordered: stateful, bySource: new Map(), keys: new Set(), size: 0 };
}

/** Whether the task is here already, waiting or taken. */
export function holds(lanes: SourceLanes, task: Task): boolean {
  return lanes.keys.has(taskKey(task.id));
}

export function isFull(lanes: SourceLanes): boolean {
  return lanes.size >= lanes.capacity;
}

/** Takes a task in, and returns what has to go for it: the task itself where it is the one. Whoever sends heeds `block`. */
export function enqueue(lanes: SourceLanes, entry: Entry): readonly Overflow[] {
  const { policy, capacity } = lanes;
  if (policy === "dropNewest" && isFull(lanes)) {
    return [{ entry, reason: "queueDropNewest", detail: `The queue holds ${capacity} tasks` }];
  }
  const overflow: Overflow[] = [];
  if (policy === "latestOnly") overflow.push(...keepLatest(lanes, entry));
  else if (policy === "dropOldest" && isFull(lanes)) {
    overflow.push(dropOldest(lanes, "queueDropOldest", `A newer task came and the queue holds ${capacity}`));
  }
  if (overflow[0]?.entry !== entry) insert(lanes, entry);
  return overflow;
}

/** Puts a task that had been taken back in front of its lane, also where they are full. */
export function putBack(lanes: SourceLanes, entry: Entry): void {
  const lane = lanes.bySource.get(entry.task.id.sourceId);
  if (lane === undefined) lanes.bySource.set(entry.task.id.sourceId, [entry]);
  else lane.unshift(entry);
  lanes.size += 1;
}

/** Takes the first task of the next lane in turn whose first task is due. */
export function take(lanes: SourceLanes, isDue: (entry: Entry) => boolean): Entry | undefined {
  for (const lane of lanes.bySource.values()) {
    const first = lane[0];
    if (first !== undefined && isDue(first)) return removeFirst(lanes, first);
  }
  return undefined;
}

/** The task was answered for: it may come again. */
export function release(lanes: SourceLanes, entry: Entry): void {
  lanes.keys.delete(taskKey(entry.task.id));
}

/** The task of a source that is to run next. */
export function firstOf(lanes: SourceLanes, sourceId: SourceId): Entry | undefined {
  return lanes.bySource.get(sourceId)?.[0];
}

/** Empties the lanes. */
export function takeAll(lanes: SourceLanes): readonly Entry[] {
  const entries = [...lanes.bySource.values()].flat();
  lanes.bySource.clear();
  lanes.size = 0;
  return entries;
}

/** Empties the lane of one source. */
export function takeLane(lanes: SourceLanes, sourceId: SourceId): readonly Entry[] {
  const entries = lanes.bySource.get(sourceId) ?? [];
  lanes.bySource.delete(sourceId);
  lanes.size -= entries.length;
  return entries;
}

function insert(lanes: SourceLanes, entry: Entry): void {
  const { id } = entry.task;
  lanes.keys.add(taskKey(id));
  lanes.size += 1;
  const lane = lanes.bySource.get(id.sourceId);
  if (lane === undefined) {
    lanes.bySource.set(id.sourceId, [entry]);
    return;
  }
  let at = lane.length;
  if (lanes.ordered) while (at > 0 && isAfter(lane[at - 1], entry)) at -= 1;
  lane.splice(at, 0, entry);
}

/** One task a source waits: the newest. Where sources are more than there is room for, the longest waiting goes. */
function keepLatest(lanes: SourceLanes, entry: Entry): readonly Overflow[] {
  const detail = "A newer task of its source came";
  const waiting = firstOf(lanes, entry.task.id.sourceId);
  if (waiting === undefined) {
    if (!isFull(lanes)) return [];
    return [dropOldest(lanes, "overflow", `Tasks of ${lanes.capacity} other sources wait`)];
  }
  if (isAfter(waiting, entry)) return [{ entry, reason: "queueLatestOnly", detail }];
  return [{ entry: removeFirst(lanes, waiting), reason: "queueLatestOnly", detail }];
}

function dropOldest(lanes: SourceLanes, reason: DropReason, detail: string): Overflow {
  const firsts = [...lanes.bySource.values()].flatMap((lane) => lane.slice(0, 1));
  const oldest = firsts.reduce((a, b) => (b.enqueuedAtMs < a.enqueuedAtMs ? b : a));
  return { entry: removeFirst(lanes, oldest), reason, detail };
}

function removeFirst(lanes: SourceLanes, first: Entry): Entry {
  const { sourceId } = first.task.id;
  const lane = lanes.bySource.get(sourceId);
  lane?.shift();
  lanes.size -= 1;
  lanes.bySource.delete(sourceId);
  if (lane !== undefined && lane.length > 0) lanes.bySource.set(sourceId, lane);
  return first;
}

function isAfter(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && compareTaskIds(a.task.id, b.task.id) > 0;
}
