/**
 * Recovers tasks from dead letters: where a message with a task reached nobody, the task's generator delivers it again
 * soon, and not only once it is overdue.
 */

import type { ActorSystem } from "../runtime/system.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { TaskId } from "../task/identity.js";
import { isOriginOf } from "../task/origin.js";
import { isTaskId } from "../task/value-checks.js";

/** Watches the dead letters of `system` for as long as it runs. */
export function recoverUndeliveredTasks(system: ActorSystem): void {
  system.deadLetters.subscribe(({ message }) => {
    const lost = taskIn(message);
    if (lost === null) return;
    system.resolve<GeneratorMessage>(lost.origin).tell({ type: "undelivered", id: lost.id }, "control");
  });
}

/**
 * The task that a message between components carries, or the drop of it. Anybody may have made the message up, and whom it
 * names is told in the name of this node: so that is a generator of the task's source, or nobody.
 */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as Readonly<Record<string, unknown>>;
  const lost = type === "submit" || type === "store" ? task : type === "recordDrop" ? drop : null;
  const { id, origin } = Object(lost) as Readonly<Record<string, unknown>>;
  return isTaskId(id) && isOriginOf(id.sourceId, origin) ? { id, origin } : null;
}
