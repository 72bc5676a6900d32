/** Where a simulated controller has a task, as far as its state tells. */

import { taskKey, type TaskId } from "../task/identity.js";
import type { Task } from "../task/task.js";
import type { ControllerRetained } from "../actors/controller/state.js";

/** One branch of a task, in one place. */
export interface HeldBranch {
  readonly place: "inFlight" | "waiting" | "join" | "parked";
  readonly task: Task;
}

/** Every branch that the controller has. */
export function allHeld({ inboxes, joins, parked }: ControllerRetained): readonly HeldBranch[] {
  const held: HeldBranch[] = [];
  for (const { inFlight, waiting } of inboxes.values()) {
    for (const { task } of inFlight.values()) held.push({ place: "inFlight", task });
    for (const { task } of waiting.values()) held.push({ place: "waiting", task });
  }
  for (const open of joins.open.values()) {
    for (const { branches } of open.values()) {
      for (const task of branches.values()) held.push({ place: "join", task });
    }
  }
  for (const { task } of parked) held.push({ place: "parked", task });
  return held;
}

/** The branches of a task that the controller has. */
export function heldOf({ inboxes, joins, parked }: ControllerRetained, id: TaskId): readonly HeldBranch[] {
  const key = taskKey(id);
  const held: HeldBranch[] = [];
  for (const { inFlight, waiting } of inboxes.values()) {
    const given = inFlight.get(key);
    if (given !== undefined) held.push({ place: "inFlight", task: given.task });
    const left = waiting.get(key);
    if (left !== undefined) held.push({ place: "waiting", task: left.task });
  }
  for (const { branches } of joins.open.get(key)?.values() ?? []) {
    for (const task of branches.values()) held.push({ place: "join", task });
  }
  for (const { task } of parked) if (taskKey(task.id) === key) held.push({ place: "parked", task });
  return held;
}

/** The newest delivery among them; 0 where there is none. */
export function newestOf(branches: readonly { readonly task: Pick<Task, "delivery"> }[]): number {
  return branches.reduce((newest, { task }) => Math.max(newest, task.delivery), 0);
}

/** A task as people read it. */
export function branchText({ id, delivery, cursor }: Pick<Task, "id" | "delivery" | "cursor">): string {
  return `${taskKey(id)}, delivery ${delivery}, at "${cursor}"`;
}
