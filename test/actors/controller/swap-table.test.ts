import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseSourceId, parseStageId, stageKeyText } from "../../../src/task/identity.js";
import { stageOf } from "../../../src/task/pipeline.js";
import type { Pause } from "../../../src/task/requests.js";
import { createProbe } from "../../support/probe.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import {
  CLOUD,
  EDGE,
  FOLLOW,
  FOLLOWED,
  hopOf,
  keyOf,
  pinned,
  routerOf,
  SOURCE,
  tableOf,
} from "./controller-subject.js";

test("controller keeps its table against an older one, an older term and the same again", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  const generator = attach(pipeline);
  assert.is(install(tableOf(pipeline, 5, EDGE, 2)).only("tableInstalled").epoch, 5);
  assert.is(install(tableOf(pipeline, 4, CLOUD, 2)).only("tableRefused").heldEpoch, 5);
  assert.is(install(tableOf(pipeline, 9, CLOUD, 1)).only("tableRefused").heldEpoch, 5);
  assert.is(install(tableOf(pipeline, 5, EDGE, 2)).only("tableInstalled").epoch, 5);
  assert.equal(
    generator.all("configure").map((message) => message.epoch),
    [5],
  );
  assert.is(install(tableOf(pipeline, 1, EDGE, 3)).only("tableRefused").heldTerm, 2);
  assert.is(install(tableOf(pipeline, 6, EDGE, 3)).only("tableInstalled").epoch, 6);
});

test("controller hands a source its configuration and its join nodes with each table", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
  const generator = attach(pipeline);
  assert.is(generator.received.length, 0);
  install(tableOf(pipeline, 3, EDGE));
  const { configuration, joinNodes } = generator.only("configure");
  assert.is(configuration.fps, 3);
  assert.equal([...joinNodes], [["d", EDGE]]);
});

test("controller swaps tables between two messages: what no processor has follows the new one", () => {
  const { router, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const processor = createProbe<ProcessorMessage>();
  const capacity = stageOf(pipeline, parseStageId("a")).queue.capacity;
  for (let sequence = 0; sequence < capacity + 3; sequence += 1) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  install(tableOf(pipeline, 2, CLOUD));

  const here = processor.all("execute").map((message) => message.task.id.sequence);
  const there = other(CLOUD)
    ?.all("submit")
    .map((message) => message.task.id.sequence);
  assert.is(here.length, capacity);
  assert.equal(
    [...here, ...(there ?? [])],
    Array.from({ length: capacity + 3 }, (_, sequence) => sequence),
  );
});

test("controller hands a source the nodes of its stateful stages with each table", () => {
  const { attach, install } = routerOf();
  const generator = attach(FOLLOW);
  install(tableOf(FOLLOW, 1, CLOUD));
  assert.equal([...generator.only("configure").statefulNodes], [[FOLLOWED, CLOUD]]);
});

test("controller gives up the stages of a pipeline that another one of its name and version takes the place of", () => {
  const { router, processors, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  attach(structuredClone(pipeline));
  assert.is(processors.all("retireProcessor").length, 0, "it is the same");
  attach(pipelineOf({ a: [], b: ["a"] }));
  assert.is(processors.only("retireProcessor").stage.stage, "a");
  assert.is(distributor.only("recordDrop").drop.reason, "noRoute");
});

test("controller retires what nobody uses although tasks of another pipeline wait at joins", () => {
  const { router, processors, attach } = routerOf();
  const other = pipelineOf({ a: [] });
  router.tell({
    type: "attachGenerator",
    sourceId: parseSourceId("cam-2"),
    pipeline: other,
    generator: createProbe(),
  });
  for (const task of newTask(other)) router.tell({ type: "submit", task });
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(other, "a"), processor, incarnation: 1 });
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });

  attach(FOLLOW);
  const [branch] = pinned(EDGE);
  assert.ok(branch);
  const a = parseStageId("a");
  const results = new Map([[a, resultOf("a")]]);
  router.tell({ type: "submit", task: { ...branch, cursor: FOLLOWED, cameFrom: a, results } });
  router.tell({ type: "detachGenerator", sourceId: parseSourceId("cam-2") });
  assert.is(stageKeyText(processors.only("retireProcessor").stage), stageKeyText(keyOf(other, "a")));
  router.tell({ type: "detachGenerator", sourceId: SOURCE });
  router.advance(1_000);
  assert.ok(router.state().retained.pipelines.has("follow@1"), "a task that waits still walks it");
});

test("controller starts the processors of the stages that a new table places here, before their first task", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"] });
  const here = routerOf(CLOUD);
  here.install(tableOf(pipeline, 1, CLOUD));
  assert.equal(
    here.processors.all("ensureProcessor").map(({ stage }) => stage as string),
    ["a", "b"],
  );
  here.install(tableOf(pipeline, 2, CLOUD));
  here.router.advance(1_000);
  assert.is(here.processors.received.length, 2, "they are there already, and of use");

  const elsewhere = routerOf(EDGE);
  elsewhere.install(tableOf(pipeline, 1, CLOUD));
  assert.equal(elsewhere.processors.received, []);
});

test("controller forgets a pipeline and its processors once nobody uses it", () => {
  const { router, processors, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  router.tell({ type: "detachGenerator", sourceId: SOURCE });
  assert.is(processors.all("retireProcessor").length, 0);
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });
  router.advance(1_000);
  assert.is(stageKeyText(processors.only("retireProcessor").stage), stageKeyText(keyOf(pipeline, "a")));
});

test("controller refuses a table that does not place every stage, and keeps its own", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  const generator = attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const table = tableOf(pipeline, 2, EDGE);
  const sources = new Map([...table.sources].map(([id, route]) => [id, { ...route, placement: new Map() }]));
  assert.is(install({ ...table, sources }).only("tableRefused").heldEpoch, 1);
  assert.is(generator.all("configure").length, 1);
});

test("controller gives up a stage that no table places here any more, once its tasks are done and a hold is over", () => {
  const { router, processors, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  const [task] = newTask(pipeline);
  if (task === undefined) throw new Error("no task");
  router.tell({ type: "submit", task });
  router.advance(100_000);
  install(tableOf(pipeline, 2, CLOUD));
  router.advance(100_000);
  assert.is(processors.all("retireProcessor").length, 0, "its task is not done");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 1) });
  router.advance(20_000);
  // A task that comes all the same, as one that was on its way, begins the hold again.
  const [late] = newTask(pipeline, 1);
  if (late === undefined) throw new Error("no task");
  router.tell({ type: "submit", task: late, forwarded: 2 });
  router.tell({ type: "stageCompleted", task: late, result: resultOf("a"), hop: hopOf(late, EDGE, 1) });
  router.advance(29_000);
  assert.is(processors.all("retireProcessor").length, 0);
  router.advance(2_000);
  assert.is(stageKeyText(processors.only("retireProcessor").stage), stageKeyText(keyOf(pipeline, "a")));
  assert.is(processors.all("ensureProcessor").length, 1);
  install(tableOf(pipeline, 3, EDGE));
  assert.is(processors.all("ensureProcessor").length, 2);
  router.advance(100_000);
  assert.is(processors.all("retireProcessor").length, 1, "it is placed here");
});

test("controller keeps a stateful stage as long as its pipeline: its tasks may be delivered again", () => {
  const { router, processors, attach, install } = routerOf();
  attach(FOLLOW);
  install(tableOf(FOLLOW, 1, EDGE));
  install(tableOf(FOLLOW, 2, CLOUD));
  router.advance(100_000);
  const retired = processors.all("retireProcessor").map(({ stage }) => stage.stage);
  assert.equal(retired, ["a", "b"]);
});

test("controller says when it sent a task on, and has that in the hop of the node that it came to", () => {
  const { router, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, CLOUD));
  router.advance(500);
  const [task] = newTask(pipeline);
  if (task === undefined) throw new Error("no task");
  router.tell({ type: "submit", task });
  const sentAtMs = router.clock.now();
  assert.is(other(CLOUD)?.only("submit").sentAtMs, sentAtMs);

  const there = routerOf(CLOUD);
  there.install(tableOf(pipeline, 1, CLOUD));
  const processor = createProbe<ProcessorMessage>();
  there.router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  there.router.tell({ type: "submit", task, forwarded: 1, sentAtMs });
  assert.is(processor.only("execute").sentAtMs, sentAtMs);
});

test("controller drops what waits of a source that a table has paused and flushed, and has its processors do so", () => {
  const { router, distributor, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  const generator = attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const processor = createProbe<ProcessorMessage>();
  const { capacity } = stageOf(pipeline, parseStageId("a")).queue;
  for (let sequence = 0; sequence < capacity + 2; sequence += 1) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  const paused = (epoch: number, pause: Pause) => {
    const table = tableOf(pipeline, epoch, EDGE);
    const sources = new Map([...table.sources].map(([id, route]) => [id, { ...route, pause }] as const));
    install({ ...table, sources });
  };
  paused(2, { sinceMs: 1, reason: "cleaned" });
  assert.equal(
    [processor.all("flush").length, distributor.received.length],
    [0, 0],
    "an operator flushes nothing",
  );
  paused(3, { sinceMs: 1, reason: "tasks were late", by: "policy", flushes: true });
  assert.equal(processor.only("flush"), {
    type: "flush",
    sourceId: SOURCE,
    detail: "Its source is paused by its policy: tasks were late",
  });
  const drops = distributor
    .all("recordDrop")
    .map(({ drop: { id, reason, stage } }) => [id.sequence, reason, stage]);
  assert.equal(drops, [
    [capacity, "flushed", "a"],
    [capacity + 1, "flushed", "a"],
  ]);
  assert.equal(generator.all("configure").at(-1)?.pause?.by, "policy");
});

test.run();
