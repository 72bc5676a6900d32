/**
 * Tasks that wait here for a table, in order of arrival: from other nodes, before the one with their pipeline, and those of a stage that
 * could not be loaded, for one with another place.
 */

import { ownerOf } from "../../task/origin.js";
import type { Task } from "../../task/task.js";
import { drop } from "./end-task.js";
import type { ControllerRetained, ParkedTask, Router } from "./state.js";

export function park(router: Router, task: Task, otherwise: ParkedTask["otherwise"]): void {
  const { retained, limits, node, ctx } = router;
  const { parkTasksMax, parkMs } = limits;
  const fits = retained.bytes.enter(task, task) && retained.parkRoom.enter(task, ownerOf(task));
  if (!fits) {
    retained.bytes.leave(task);
    const detail = `Of ${parkTasksMax} places for tasks that wait for a table at ${node}, none is left for it`;
    drop(router, task, "overflow", detail);
    return;
  }
  retained.parked.push({ task, untilMs: ctx.monotonic() + parkMs, otherwise });
}

/** Removes and returns the parked tasks, for another look at where they go. */
export function takeParked({ retained }: Router): readonly Task[] {
  const tasks = retained.parked.splice(0).map(({ task }) => task);
  for (const task of tasks) leave(retained, task);
  return tasks;
}

function leave({ parkRoom, bytes }: ControllerRetained, task: Task): void {
  parkRoom.leave(task);
  bytes.leave(task);
}

/** Drops the tasks that have waited too long. */
export function dropOverdueParked(router: Router): void {
  const { parked } = router.retained;
  const nowMs = router.ctx.monotonic();
  for (let first = parked[0]; first !== undefined && first.untilMs <= nowMs; first = parked[0]) {
    parked.shift();
    leave(router.retained, first.task);
    const { reason, detail } = first.otherwise;
    drop(router, first.task, reason, detail);
  }
}
