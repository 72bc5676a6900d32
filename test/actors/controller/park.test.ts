import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { QueuesReported } from "../../../src/actors/protocol/controller.js";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { createProbe } from "../../support/probe.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import { EDGE, hopOf, keyOf, routerOf, tableOf } from "./controller-subject.js";

const PARK_MS = 1_000;

test("controller runs what came before the table with its pipeline, in order of arrival, and once", () => {
  const { router, distributor, install } = routerOf(EDGE, { parkMs: PARK_MS });
  const pipeline = pipelineOf({ a: [] });
  for (const sequence of [1, 0, 2]) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  install(tableOf(pipeline, 1, EDGE));
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  for (let done = 0; done < 3; done += 1) {
    const task = processor.all("execute")[done]?.task;
    assert.ok(task);
    router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 1) });
  }
  // Neither the next table nor time takes them up again.
  install(tableOf(pipeline, 2, EDGE));
  router.advance(2 * PARK_MS);
  assert.equal(
    distributor.all("store").map(({ task }) => task.id.sequence),
    [1, 0, 2],
  );
  assert.equal([processor.all("execute").length, distributor.all("recordDrop").length], [3, 0]);
});

test("controller drops what waited too long for its pipeline", () => {
  const { router, distributor } = routerOf(EDGE, { parkMs: PARK_MS });
  const [task] = newTask(pipelineOf({ a: [] }));
  assert.ok(task);
  router.tell({ type: "submit", task });
  const replyTo = createProbe<QueuesReported>();
  router.tell({ type: "reportQueues", replyTo });
  assert.is(replyTo.only("queuesReported").parked, 1);
  router.advance(PARK_MS / 2);
  assert.is(distributor.received.length, 0);
  router.advance(PARK_MS);
  assert.is(distributor.only("recordDrop").drop.reason, "noRoute");
});

test.run();
