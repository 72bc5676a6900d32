/**
 * Recovers tasks from dead letters: where a message with a task reached nobody, the task's generator hears of it and
 * delivers the task again soon, and not only once it is overdue.
 */

import type { ActorSystem } from "../runtime/system.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { TaskId } from "../task/identity.js";
import { isOriginOf } from "../task/origin.js";
import type { DropRecord, Task } from "../task/task.js";

/** Watches the dead letters of `system` for as long as it runs. */
export function recoverUndeliveredTasks(system: ActorSystem): void {
  system.deadLetters.subscribe(({ message }) => {
    const lost = taskIn(message);
    // Anybody may have made the letter up, and an address in it is answered in the name of this node.
    if (lost === null || !isOriginOf(lost.id.sourceId, lost.origin)) return;
    system.resolve<GeneratorMessage>(lost.origin).tell({ type: "undelivered", id: lost.id }, "control");
  });
}

/** The task that a message between components carries, or the drop of it. */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as {
    readonly type?: unknown;
    readonly task?: Task;
    readonly drop?: DropRecord;
  };
  if (type === "submit" || type === "store") return task ?? null;
  return type === "recordDrop" ? (drop ?? null) : null;
}
