/**
 * Recovers tasks from dead letters: where a message with a task reached nobody, the task's generator delivers it again
 * soon, and not only once it is overdue. Where it was a processor's answer, the stage is to run the task again then. One that no
 * link can ever carry is dropped.
 */

import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { ProcessorAnswer } from "../actors/protocol/processor.js";
import type { TaskId } from "../task/identity.js";
import { isOriginOf } from "../task/origin.js";
import type { Hop, Task } from "../task/task.js";
import { isTaskId } from "../task/value-checks.js";

/** Watches the dead letters of `system` for as long as it runs. */
export function recoverUndeliveredTasks(system: ActorSystem): void {
  system.deadLetters.subscribe(({ message, reason }) => {
    const lost = taskIn(message);
    if (lost === null) return;
    const controller = system.resolve<ControllerMessage>(`sluice://${system.name}/controller`);
    if (reason === "too-large" && isOnItsWay(message)) {
      const { task } = message;
      const detail = "With its results it is larger than a message between nodes may be";
      controller.tell({ type: "stageDropped", task: { ...task, payload: null }, reason: "tooLarge", detail });
      return;
    }
    if (isAnswer(message)) {
      controller.tell({ type: "answerLost", task: message.task, ...variantIn(message) }, "control");
    }
    system.resolve<GeneratorMessage>(lost.origin).tell({ type: "undelivered", id: lost.id }, "control");
  });
}

type Answer = Extract<ProcessorAnswer, { readonly task: Task }>;

function isOnItsWay(message: unknown): message is { readonly task: Task } {
  const { type } = Object(message) as { readonly type?: unknown };
  return type === "submit" || type === "store";
}

function isAnswer(message: unknown): message is Answer {
  const { type, hop } = Object(message) as { readonly type?: unknown; readonly hop?: unknown };
  return (type === "stageCompleted" && typeof hop === "object" && hop !== null) || type === "stageDropped";
}

/** Which variant of the stage answered. */
function variantIn(message: Answer): Pick<Hop, "variant"> {
  const { variant } = message.type === "stageCompleted" ? message.hop : message;
  return variant === undefined ? {} : { variant };
}

/**
 * The task that a message between components carries, or the drop of it. Anybody may have made the message up, and whom it
 * names is told in the name of this node: so that is a generator of the task's source, or nobody.
 */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as Readonly<Record<string, unknown>>;
  const ofTask = isOnItsWay(message) || isAnswer(message);
  const lost = ofTask ? task : type === "recordDrop" ? drop : null;
  const { id, origin } = Object(lost) as Readonly<Record<string, unknown>>;
  return isTaskId(id) && isOriginOf(id.sourceId, origin) ? { id, origin } : null;
}
