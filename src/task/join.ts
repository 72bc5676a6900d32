/**
 * The barrier where the branches of a task meet: it waits for one branch from every predecessor and goes on with the
 * results of all of them.
 *
 * J1 A join completes once a delivery: with each branch there, whatever their order, and never again for a late copy. A
 *    branch that was lost comes with the next delivery, and meets those of the one before.
 * J2 The joined task is the same whatever the order of arrival: all results and all hops, each stage once.
 * J3 A task that ends at one join ends at all: its other joins are forgotten, and branches still to come are refused.
 * J4 Tasks waiting and tasks remembered are bounded, and of those waiting no node's own take the room of all.
 */

import { FairRoom } from "./fair-room.js";
import { taskKey, type StageId } from "./identity.js";
import { ownerOf } from "./origin.js";
import { branchesInto, type Pipeline } from "./pipeline.js";
import {
  createRecentDeliveries,
  newestDelivery,
  rememberDelivery,
  type RecentDeliveries,
} from "./recent-deliveries.js";
import type { StageResult } from "./service.js";
import { TaskRoom } from "./task-room.js";
import type { Cursor, Hop, Task } from "./task.js";

/** One sending of a task by its generator. */
export type Delivered = Pick<Task, "id" | "delivery">;

export interface JoinLimits {
  /** Tasks with a branch waiting. Default 16,384. */
  readonly tasksMax: number;
  /** Joins done and tasks ended that are remembered for certain, to recognize a late branch. Default 16,384. */
  readonly settledMax: number;
}

/** The joins of one node; belongs to one actor, which changes it through the functions below. */
export interface Joins {
  readonly limits: JoinLimits;
  /** By task key, then by where its branches wait. */
  readonly open: Map<string, Map<Cursor, OpenJoin>>;
  /** Whose they are. */
  readonly room: FairRoom<string>;
  /** What their branches hold. */
  readonly bytes: TaskRoom;
  /** The newest delivery that each join has let pass, and each task has ended in. */
  readonly settled: RecentDeliveries;
  /** Tasks with a branch waiting. */
  readonly joining: number;
}

interface OpenJoin {
  readonly branches: Map<StageId, Task>;
  /** What has to be in `branches`, in the order of the pipeline. */
  readonly wanted: readonly StageId[];
  readonly expiresAtMs: number;
}

export type Arrival =
  | { readonly outcome: "waiting" }
  /** All branches in one: its `cameFrom` is null, so it needs no join wherever it is sent next. */
  | { readonly outcome: "joined"; readonly task: Task }
  /** This branch has been here, or its task has gone on or ended: nothing is to be done. */
  | { readonly outcome: "duplicate" }
  /** As many tasks wait as may, or as many bytes of them, of all nodes or of its own: this one is to be dropped, and its other branches will be `duplicate`. */
  | { readonly outcome: "overflow" };

/** A task one of whose joins waited too long. */
export interface ExpiredJoin {
  /** The branch that came first, at the join. */
  readonly task: Task;
  /** The predecessors whose branches did not come. */
  readonly missing: readonly StageId[];
}

/** @param bytes shared with whatever else waits at the node. Default: without bound */
export function createJoins(
  limits: Partial<JoinLimits> = {},
  bytes: TaskRoom = new TaskRoom(Infinity, null),
): Joins {
  const { tasksMax = 16_384, settledMax = 16_384 } = limits;
  const open: Joins["open"] = new Map();
  return {
    limits: { tasksMax, settledMax },
    open,
    room: new FairRoom(tasksMax),
    bytes,
    settled: createRecentDeliveries(settledMax),
    get joining() {
      return open.size;
    },
  };
}

/** Whether `task` is one branch of several that have to meet at its cursor. */
export function needsJoin(pipeline: Pipeline, task: Task): boolean {
  return task.cameFrom !== null && branchesInto(pipeline, task.cursor).length > 1;
}

/**
 * Takes in a branch that needs a join.
 *
 * @throws TypeError where no edge of the pipeline leads from `task.cameFrom` to its cursor
 */
export function arrive(joins: Joins, task: Task, pipeline: Pipeline, nowMs: number): Arrival {
  const { cursor, cameFrom } = task;
  const wanted = branchesInto(pipeline, cursor);
  if (cameFrom === null || !wanted.includes(cameFrom)) {
    throw new TypeError(`Cannot join task ${taskKey(task.id)} at "${cursor}": it came from "${cameFrom}"`);
  }
  const key = taskKey(task.id);
  const passed = Math.max(
    newestDelivery(joins.settled, key),
    newestDelivery(joins.settled, joinKey(key, cursor)),
  );
  if (task.delivery <= passed) return { outcome: "duplicate" };

  let waiting = joins.open.get(key);
  const before = waiting?.get(cursor)?.branches.get(cameFrom);
  if (before !== undefined && before.delivery >= task.delivery) return { outcome: "duplicate" };
  const place = placeOf(key, cursor, cameFrom);
  joins.bytes.leave(place);
  if (!joins.bytes.enter(place, task) || !joins.room.enter(key, ownerOf(task))) {
    joins.bytes.leave(place);
    rememberDelivery(joins.settled, key, task.delivery);
    return { outcome: "overflow" };
  }
  if (waiting === undefined) {
    waiting = new Map();
    joins.open.set(key, waiting);
  }
  let join = waiting.get(cursor);
  if (join === undefined) {
    join = { branches: new Map(), wanted, expiresAtMs: nowMs + pipeline.joinTimeoutMs };
    waiting.set(cursor, join);
  }
  join.branches.set(cameFrom, task);
  if (join.branches.size < wanted.length) return { outcome: "waiting" };

  waiting.delete(cursor);
  for (const stage of wanted) joins.bytes.leave(placeOf(key, cursor, stage));
  if (waiting.size === 0) joins.open.delete(key);
  const joined = merge(join, pipeline, task);
  if (!joins.open.has(key)) joins.room.leave(key);
  rememberDelivery(joins.settled, joinKey(key, cursor), joined.delivery);
  return { outcome: "joined", task: joined };
}

/** Ends the tasks that have waited too long at a join, and returns each once, with what did not come. */
export function expire(joins: Joins, nowMs: number): readonly ExpiredJoin[] {
  const expired: ExpiredJoin[] = [];
  for (const waiting of joins.open.values()) {
    for (const { branches, wanted, expiresAtMs } of waiting.values()) {
      const task = newestOf(branches);
      if (expiresAtMs > nowMs || task === undefined) continue;
      expired.push({ task, missing: wanted.filter((stage) => !branches.has(stage)) });
      break;
    }
  }
  for (const { task } of expired) forget(joins, task);
  return expired;
}

/** The delivery of a task ended elsewhere: its branches go, and those still to come are refused. */
export function forget(joins: Joins, { id, delivery }: Delivered): void {
  const key = taskKey(id);
  rememberDelivery(joins.settled, key, delivery);
  const waiting = joins.open.get(key);
  if (waiting === undefined) return;
  for (const [cursor, { branches }] of waiting) {
    for (const [stage, branch] of branches) {
      if (branch.delivery > delivery) continue;
      branches.delete(stage);
      joins.bytes.leave(placeOf(key, cursor, stage));
    }
    if (branches.size === 0) waiting.delete(cursor);
  }
  if (waiting.size > 0) return;
  joins.open.delete(key);
  joins.room.leave(key);
}

/** Whether this delivery of the task is known to have ended elsewhere. */
export function isForgotten(joins: Joins, { id, delivery }: Delivered): boolean {
  return delivery <= newestDelivery(joins.settled, taskKey(id));
}

/** One branch of each task that waits. */
export function* waitingTasks(joins: Joins): Iterable<Task> {
  for (const waiting of joins.open.values()) {
    const [join] = waiting.values();
    const [task] = join?.branches.values() ?? [];
    if (task !== undefined) yield task;
  }
}

function newestOf(branches: OpenJoin["branches"]): Task | undefined {
  let newest: Task | undefined;
  for (const branch of branches.values()) {
    if (newest === undefined || branch.delivery > newest.delivery) newest = branch;
  }
  return newest;
}

/**
 * All branches in one: a result and a hop of each stage so far, in the order of the pipeline. What was fixed for a delivery,
 * its voucher with it, is that of the newest one.
 */
function merge({ branches, wanted }: OpenJoin, pipeline: Pipeline, last: Task): Task {
  const inOrder = wanted.map((stage) => branches.get(stage) ?? last);
  const results = new Map<StageId, StageResult>();
  const hops: Hop[] = [];
  for (const { id } of pipeline.stages) {
    // Result and hop of a stage come from one branch: an earlier stage may have run twice, with one try on each.
    const branch = inOrder.find((candidate) => candidate.results.has(id));
    const result = branch?.results.get(id);
    const hop = branch?.hops.find((candidate) => candidate.stage === id);
    if (result !== undefined) results.set(id, result);
    if (hop !== undefined) hops.push(hop);
  }
  const payload = inOrder.find((branch) => branch.payload !== null)?.payload ?? null;
  const newest = inOrder.reduce((best, branch) => (branch.delivery > best.delivery ? branch : best), last);
  return { ...newest, cameFrom: null, payload, results, hops };
}

/** Where the branch from `stage` waits. */
function placeOf(key: string, cursor: Cursor, stage: StageId): string {
  return `${joinKey(key, cursor)} ${stage}`;
}

/** Under which the deliveries of a task that have passed a join are remembered. */
export function joinKey(key: string, cursor: Cursor): string {
  return `${key} ${cursor}`;
}
