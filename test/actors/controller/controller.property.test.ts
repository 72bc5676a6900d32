import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { stageKeyText, type NodeName } from "../../../src/task/identity.js";
import { joinCursors } from "../../../src/task/pipeline.js";
import { seeded } from "../../support/fold.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { newTask, randomPipeline, resultOf } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, keyOf, routerOf, tableOf } from "./controller-subject.js";

/** Two controllers and processors that answer in any order, over a random DAG, with the table swapped in between. */
test("controllers bring every task to its end once, with all results, under random orders and swaps", () => {
  fc.assert(
    fc.property(randomPipeline, fc.nat(), fc.integer({ min: 1, max: 4 }), (pipeline, seed, tasks) => {
      const random = seeded(seed);
      const routers = new Map([
        [EDGE, routerOf(EDGE)],
        [CLOUD, routerOf(CLOUD)],
      ]);
      const mail: { readonly to: NodeName; readonly message: ControllerMessage }[] = [];
      const seen = new Map<unknown, number>();
      const answered = new Set<string>();
      const fresh = <M>(probe: Probe<M> | undefined): readonly M[] => {
        const from = seen.get(probe) ?? 0;
        seen.set(probe, probe?.received.length ?? 0);
        return probe?.received.slice(from) ?? [];
      };
      const works = new Map(
        [...routers.keys()].map((node) => [node, new Map<string, Probe<ProcessorMessage>>()]),
      );
      const collect = (): void => {
        for (const [node, { processors, other }] of routers) {
          for (const message of fresh(processors)) {
            if (message.type !== "ensureProcessor") continue;
            const text = stageKeyText(keyOf(message.pipeline, message.stage));
            if (works.get(node)?.has(text)) continue;
            const processor = createProbe<ProcessorMessage>();
            works.get(node)?.set(text, processor);
            mail.push({
              to: node,
              message: {
                type: "processorStarted",
                stage: keyOf(message.pipeline, message.stage),
                processor,
                incarnation: 1,
              },
            });
          }
          for (const processor of works.get(node)?.values() ?? []) {
            for (const message of fresh(processor)) {
              if (message.type !== "execute") continue;
              const { task, epoch } = message;
              answered.add(`${task.id.sequence}/${task.cursor}`);
              mail.push({
                to: node,
                message: {
                  type: "stageCompleted",
                  task,
                  result: resultOf(task.cursor),
                  hop: hopOf(task, node, epoch),
                },
              });
            }
          }
          for (const name of routers.keys())
            for (const message of fresh(other(name))) mail.push({ to: name, message });
        }
      };

      routers.get(EDGE)?.attach(pipeline);
      for (const { install } of routers.values()) install(tableOf(pipeline, 1, EDGE));
      for (let sequence = 0; sequence < tasks; sequence += 1) {
        const joinNodes = new Map(
          joinCursors(pipeline).map((cursor) => [cursor, random() < 0.5 ? EDGE : CLOUD]),
        );
        for (const task of newTask(pipeline, sequence)) {
          mail.push({ to: EDGE, message: { type: "submit", task: { ...task, joinNodes } } });
        }
      }
      let epoch = 1;
      for (let turn = 0; mail.length > 0; turn += 1) {
        if (random() < 0.2) {
          epoch += 1;
          const node = random() < 0.5 ? EDGE : CLOUD;
          // The two nodes learn of a table at different times.
          for (const { install } of routers.values())
            if (random() < 0.7) install(tableOf(pipeline, epoch, node));
        }
        const [picked] = mail.splice(Math.floor(random() * mail.length), 1);
        if (picked !== undefined) routers.get(picked.to)?.router.tell(picked.message);
        collect();
        assert.ok(turn < 10_000, "the tasks go round in circles");
      }

      const ends = [...routers.values()].flatMap(({ distributor }) => distributor.received);
      assert.equal(
        ends.map((end) => end.type),
        Array.from({ length: tasks }, () => "store"),
      );
      for (const end of ends) {
        if (end.type !== "store") continue;
        assert.equal([...end.task.results.keys()].sort(), pipeline.stages.map((stage) => stage.id).sort());
        assert.is(end.task.hops.length, pipeline.stages.length);
      }
      assert.is(answered.size, tasks * pipeline.stages.length);
      for (const { queued } of routers.values()) assert.is(queued(), 0);
    }),
    { numRuns: 150 },
  );
});

test.run();
