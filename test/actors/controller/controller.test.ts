import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseStageId } from "../../../src/task/identity.js";
import { END } from "../../../src/task/task.js";
import { createProbe } from "../../support/probe.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, keyOf, routerOf, tableOf } from "./controller-subject.js";

test("controller runs every stage here before the first table, and starts the processor at need", () => {
  const { router, processors, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const sequence of [0, 1])
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  assert.is(processors.only("ensureProcessor").stage, "a");

  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  const [execute] = processor.all("execute");
  assert.ok(execute);
  const { task, epoch, attempt } = execute;
  assert.equal([task.cursor, epoch, attempt], ["a", 0, 1]);

  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });
  const stored = distributor.only("store").task;
  assert.is(stored.cursor, END);
  assert.equal([...stored.results.keys()], ["a"]);
});

test("controller sends a stage to the node that the table places it on", () => {
  const { router, other, attach, install, processors } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, CLOUD));
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  const sent = other(CLOUD)?.only("submit");
  assert.is(sent?.task.cursor, "a");
  assert.is(sent?.forwarded, 1);
  assert.is(processors.received.length, 0);
});

test("controller meets branches at the node fixed for the task, whatever table it holds", () => {
  const { router, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: [], c: ["a", "b"] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const [task] = newTask(pipeline).map((branch) => ({
    ...branch,
    joinNodes: new Map([[parseStageId("c"), CLOUD]]),
  }));
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({
    type: "processorStarted",
    stage: keyOf(pipeline, "a"),
    processor: createProbe(),
    incarnation: 1,
  });
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 1) });
  assert.is(other(CLOUD)?.only("submit").task.cursor, "c");
});

test("controller takes the first answer for a task and ignores the second", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  const { task } = processor.only("execute");
  const answer = { type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) } as const;
  router.tell(answer);
  router.tell(answer);
  router.tell({ type: "stageDropped", task, reason: "serviceFailed", detail: "late" });
  assert.is(distributor.received.length, 1);
});

test("controller gives a stage the next delivery of a task whose answer was lost, and not the one that it still has", () => {
  const { router, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  const [task] = newTask(pipeline, 1);
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  router.tell({ type: "submit", task: { ...task, delivery: 2 } });
  assert.is(processor.all("execute").length, 1);
  router.tell({ type: "answerLost", task });
  router.tell({ type: "submit", task: { ...task, delivery: 3 } });
  assert.equal(
    processor.all("execute").map((given) => given.task.delivery),
    [1, 3],
  );
});

test("controller lets the newest delivery of a task go on, although the stage answers for an older one", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  const [task] = newTask(pipeline);
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  router.tell({ type: "submit", task: { ...task, delivery: 2 } });
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });
  assert.is(distributor.only("store").task.delivery, 2);
});

test("controller keeps tables, sources and tasks through a restart of itself", () => {
  const { router, distributor, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 4, EDGE));
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  router.restart();
  assert.is(install(tableOf(pipeline, 3, EDGE)).only("tableRefused").heldEpoch, 4);
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 4) });
  assert.is(distributor.only("store").task.hops.length, 1);
});

test.run();
