/**
 * The queue in front of a service: bounded, with a named overflow policy, and one lane for each source, so that a
 * source that floods the stage delays itself and not the others.
 */

import { compareTaskIds, taskKey, type SourceId } from "../../task/identity.js";
import type { QueuePolicy, Stage } from "../../task/pipeline.js";
import type { DropReason, Task } from "../../task/task.js";

/** A task that this stage owes an answer for. */
export interface Entry {
  readonly task: Task;
  /** Its place in the row of its source's tasks that come to this node. */
  readonly ordinal: number;
  /** Epoch of the table that it was routed by. */
  readonly epoch: number;
  readonly enqueuedAtMs: number;
  /** Tries of this stage, the next one included. */
  attempt: number;
  /** Tries that ended with the worker. */
  crashes: number;
}

export interface TaskQueue {
  readonly policy: QueuePolicy;
  /** Tasks waiting at most, all lanes together. */
  readonly capacity: number;
  /** Lanes hold the tasks of a source in order of identity, not of arrival. */
  readonly ordered: boolean;
  /** In turn: a lane that was served goes to the end. None is empty. */
  readonly lanes: Map<SourceId, Entry[]>;
  /** Keys of the tasks waiting here or taken and not yet answered. */
  readonly keys: Set<string>;
  size: number;
}

export interface Overflow {
  readonly entry: Entry;
  readonly reason: DropReason;
  readonly detail: string;
}

export function createTaskQueue({ queue, stateful }: Pick<Stage, "queue" | "stateful">): TaskQueue {
  return { ...queue, ordered: stateful, lanes: new Map(), keys: new Set(), size: 0 };
}

/** Whether the task is here already, waiting or taken. */
export function holds(queue: TaskQueue, task: Task): boolean {
  return queue.keys.has(taskKey(task.id));
}

export function isFull(queue: TaskQueue): boolean {
  return queue.size >= queue.capacity;
}

/** Takes a task in, and returns what has to go for it: the task itself where it is the one. Whoever sends heeds `block`. */
export function enqueue(queue: TaskQueue, entry: Entry): readonly Overflow[] {
  const { policy, capacity } = queue;
  if (policy === "dropNewest" && isFull(queue)) {
    return [{ entry, reason: "queueDropNewest", detail: `The queue holds ${capacity} tasks` }];
  }
  const overflow: Overflow[] = [];
  if (policy === "latestOnly") overflow.push(...keepLatest(queue, entry));
  else if (policy === "dropOldest" && isFull(queue)) {
    overflow.push(dropOldest(queue, "queueDropOldest", `A newer task came and the queue holds ${capacity}`));
  }
  if (overflow[0]?.entry !== entry) insert(queue, entry);
  return overflow;
}

/** Puts a task that had been taken back in front of its lane, also where the queue is full. */
export function putBack(queue: TaskQueue, entry: Entry): void {
  const lane = queue.lanes.get(entry.task.id.sourceId);
  if (lane === undefined) queue.lanes.set(entry.task.id.sourceId, [entry]);
  else lane.unshift(entry);
  queue.size += 1;
}

/** Takes the first task of the next lane in turn whose first task is due. */
export function take(queue: TaskQueue, isDue: (entry: Entry) => boolean): Entry | undefined {
  for (const lane of queue.lanes.values()) {
    const first = lane[0];
    if (first !== undefined && isDue(first)) return removeFirst(queue, first);
  }
  return undefined;
}

/** The task was answered for: it may come again. */
export function release(queue: TaskQueue, entry: Entry): void {
  queue.keys.delete(taskKey(entry.task.id));
}

/** The task of a source that is to run next. */
export function firstOf(queue: TaskQueue, sourceId: SourceId): Entry | undefined {
  return queue.lanes.get(sourceId)?.[0];
}

/** Empties the queue. */
export function takeAll(queue: TaskQueue): readonly Entry[] {
  const entries = [...queue.lanes.values()].flat();
  queue.lanes.clear();
  queue.size = 0;
  return entries;
}

function insert(queue: TaskQueue, entry: Entry): void {
  const { id } = entry.task;
  queue.keys.add(taskKey(id));
  queue.size += 1;
  const lane = queue.lanes.get(id.sourceId);
  if (lane === undefined) {
    queue.lanes.set(id.sourceId, [entry]);
    return;
  }
  let at = lane.length;
  if (queue.ordered) while (at > 0 && isAfter(lane[at - 1], entry)) at -= 1;
  lane.splice(at, 0, entry);
}

/** One task a source waits: the newest. Where sources are more than the queue has room for, the longest waiting goes. */
function keepLatest(queue: TaskQueue, entry: Entry): readonly Overflow[] {
  const detail = "A newer task of its source came";
  const waiting = firstOf(queue, entry.task.id.sourceId);
  if (waiting === undefined) {
    if (!isFull(queue)) return [];
    return [dropOldest(queue, "overflow", `Tasks of ${queue.capacity} other sources wait`)];
  }
  if (isAfter(waiting, entry)) return [{ entry, reason: "queueLatestOnly", detail }];
  return [{ entry: removeFirst(queue, waiting), reason: "queueLatestOnly", detail }];
}

function dropOldest(queue: TaskQueue, reason: DropReason, detail: string): Overflow {
  const firsts = [...queue.lanes.values()].flatMap((lane) => lane.slice(0, 1));
  const oldest = firsts.reduce((a, b) => (b.enqueuedAtMs < a.enqueuedAtMs ? b : a));
  return { entry: removeFirst(queue, oldest), reason, detail };
}

function removeFirst(queue: TaskQueue, first: Entry): Entry {
  const { sourceId } = first.task.id;
  const lane = queue.lanes.get(sourceId);
  lane?.shift();
  queue.size -= 1;
  queue.lanes.delete(sourceId);
  if (lane !== undefined && lane.length > 0) queue.lanes.set(sourceId, lane);
  return first;
}

function isAfter(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && compareTaskIds(a.task.id, b.task.id) > 0;
}
