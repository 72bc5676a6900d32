/**
 * Recovers tasks from dead letters: where a message with a task reached nobody, the task's generator delivers it again
 * soon, and not only once it is overdue. Where it was a processor's answer, the stage is to run the task again then.
 */

import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { ProcessorAnswer } from "../actors/protocol/processor.js";
import type { TaskId } from "../task/identity.js";
import { isOriginOf } from "../task/origin.js";
import type { Task } from "../task/task.js";
import { isTaskId } from "../task/value-checks.js";

/** Watches the dead letters of `system` for as long as it runs. */
export function recoverUndeliveredTasks(system: ActorSystem): void {
  system.deadLetters.subscribe(({ message }) => {
    const lost = taskIn(message);
    if (lost === null) return;
    if (isAnswer(message)) {
      const controller = system.resolve<ControllerMessage>(`sluice://${system.name}/controller`);
      controller.tell({ type: "answerLost", task: message.task }, "control");
    }
    system.resolve<GeneratorMessage>(lost.origin).tell({ type: "undelivered", id: lost.id }, "control");
  });
}

type Answer = Extract<ProcessorAnswer, { readonly task: Task }>;

function isAnswer(message: unknown): message is Answer {
  const { type } = Object(message) as { readonly type?: unknown };
  return type === "stageCompleted" || type === "stageDropped";
}

/**
 * The task that a message between components carries, or the drop of it. Anybody may have made the message up, and whom it
 * names is told in the name of this node: so that is a generator of the task's source, or nobody.
 */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as Readonly<Record<string, unknown>>;
  const ofTask = type === "submit" || type === "store" || isAnswer(message);
  const lost = ofTask ? task : type === "recordDrop" ? drop : null;
  const { id, origin } = Object(lost) as Readonly<Record<string, unknown>>;
  return isTaskId(id) && isOriginOf(id.sourceId, origin) ? { id, origin } : null;
}
