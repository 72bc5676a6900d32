/** The task of a message that reached nobody. */

import type { DeadLetter } from "../runtime/dead-letters.js";
import { taskKey, type SourceId } from "../task/identity.js";
import type { Task } from "../task/task.js";

/** Messages with a task whose loss its source is to hear of. */
const CARRIES: ReadonlySet<string> = new Set([
  "submit",
  "store",
  "recordDrop",
  "stageCompleted",
  "stageDropped",
]);

interface LostTask {
  readonly type: string;
  readonly sourceId: SourceId;
  readonly key: string;
}

/** @returns null where the message had none of a source of `node`, or no link will ever carry it */
export function lostTaskOf({ message, reason }: DeadLetter, node: string): LostTask | null {
  const {
    type = "",
    task,
    drop,
  } = Object(message) as {
    readonly type?: string;
    readonly task?: Pick<Task, "id" | "origin">;
    readonly drop?: Pick<Task, "id" | "origin">;
  };
  const lost = task ?? drop;
  if (!CARRIES.has(type) || lost === undefined || reason === "too-large") return null;
  if (!lost.origin.startsWith(`sluice://${node}/`)) return null;
  return { type, sourceId: lost.id.sourceId, key: taskKey(lost.id) };
}
