import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { DistributorMessage } from "../../src/actors/protocol/distributor.js";
import type { GeneratorMessage } from "../../src/actors/protocol/generator.js";
import { recoverUndeliveredTasks } from "../../src/node/undelivered-tasks.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { droppedTask, finishedTask } from "../support/tasks.js";

test("recoverUndeliveredTasks tells the generator of each task, or drop of one, that reached nobody", () => {
  const { system, settle } = createSteppedSystem();
  recoverUndeliveredTasks(system);
  const undelivered: number[] = [];
  const generator = system.spawn<null, GeneratorMessage>(
    {
      start: () => null,
      receive(state, message) {
        if (message.type === "undelivered") undelivered.push(message.id.sequence);
        return state;
      },
    },
    { name: "source-cam-1" },
  );
  const origin = generator.address;
  const nobody = system.resolve<ControllerMessage | DistributorMessage | GeneratorMessage>(
    "sluice://test/nobody",
  );
  nobody.tell({ type: "submit", task: finishedTask({ sequence: 1, origin }) });
  nobody.tell({ type: "store", task: finishedTask({ sequence: 2, origin }) });
  nobody.tell({ type: "recordDrop", drop: droppedTask({ sequence: 3, origin }) });
  const { id } = finishedTask({ sequence: 4, origin });
  nobody.tell({ type: "taskSettled", id, outcome: { status: "stored" } });
  const odd = nobody as ActorRef<unknown>;
  odd.tell({ type: "submit" });
  odd.tell({ type: "submit", task: { id: null, origin } });
  odd.tell({ type: "submit", task: { ...finishedTask({ sequence: 5 }), origin: 7 } });
  odd.tell({ type: "store", task: finishedTask({ sequence: 6, source: "cam-2", origin }) });
  odd.tell({ type: "recordDrop", drop: droppedTask({ sequence: 7, origin: "sluice://test/controller" }) });
  settle();
  assert.equal(undelivered, [1, 2, 3]);
});

test("recoverUndeliveredTasks tells the controller which answer of a processor reached nobody", () => {
  const { system, settle } = createSteppedSystem();
  recoverUndeliveredTasks(system);
  const told: unknown[] = [];
  const record = {
    start: () => null,
    receive: (state: null, message: unknown) => (told.push(message), state),
  };
  system.spawn(record, { name: "controller" });
  const nobody = system.resolve<ControllerMessage>("sluice://test/nobody");
  const task = finishedTask({ sequence: 1, origin: "sluice://test/source-cam-1" });
  nobody.tell({ type: "stageDropped", task, reason: "poison", detail: "" });
  settle();
  assert.equal(told, [{ type: "answerLost", task }]);
});

test.run();
