/**
 * A source that is to pause may have its queues flushed: what waits of it at stages of this node is dropped, with its reason.
 * What a worker has ends, and so do tasks that are on their way between nodes: they come to a stage that has room again.
 */

import type { SourceId } from "../../task/identity.js";
import type { Task } from "../../task/task.js";
import { drop } from "./end-task.js";
import { takeParked } from "./park.js";
import { flush, takeBackWaiting } from "./stage-inbox.js";
import type { Router } from "./state.js";

/** Takes the tasks of this node that no processor has, for another look at where they go; those that are to be flushed are dropped. */
export function takeWaiting(router: Router): readonly Task[] {
  const { inboxes, table } = router.retained;
  const flushed = new Map<SourceId, string>();
  for (const [id, { pause }] of table?.sources ?? []) {
    if (pause?.flushes === true) flushed.set(id, `Its source is paused by its policy: ${pause.reason}`);
  }
  const waiting = [...[...inboxes.values()].flatMap(takeBackWaiting), ...takeParked(router)];
  if (flushed.size === 0) return waiting;
  for (const [sourceId, detail] of flushed) {
    for (const inbox of inboxes.values()) flush(inbox, sourceId, detail);
  }
  return waiting.filter((task) => {
    const detail = flushed.get(task.id.sourceId);
    if (detail !== undefined) drop(router, task, "flushed", detail);
    return detail === undefined;
  });
}
