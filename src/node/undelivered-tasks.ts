/**
 * Recovers tasks from dead letters: where a message with a task reached nobody, the task's generator delivers it again
 * soon, and not only once it is overdue. Where it was a processor's answer, the stage is to run the task again then.
 */

import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { ProcessorAnswer } from "../actors/protocol/processor.js";
import type { TaskId } from "../task/identity.js";
import type { DropRecord, Task } from "../task/task.js";

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

/** The task that a message between components carries, or the drop of it. */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as {
    readonly type?: unknown;
    readonly task?: Task;
    readonly drop?: DropRecord;
  };
  if (type === "submit" || type === "store" || isAnswer(message)) return task ?? null;
  return type === "recordDrop" ? (drop ?? null) : null;
}
