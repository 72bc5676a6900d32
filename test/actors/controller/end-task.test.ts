import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { END } from "../../../src/task/task.js";
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
  tableOf,
} from "./controller-subject.js";

test("controller records every drop with what its node vouched for, and tells no other node of it by itself", () => {
  const { router, distributor, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const [task] = newTask(pipeline).map((branch) => ({
    ...branch,
    joinNodes: new Map([[END, CLOUD]] as const),
  }));
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({
    type: "processorStarted",
    stage: keyOf(pipeline, "a"),
    processor: createProbe(),
    incarnation: 1,
  });
  router.tell({ type: "stageDropped", task, reason: "poison", detail: "crashed 3 times" });
  const { drop } = distributor.only("recordDrop");
  assert.equal([drop.reason, drop.stage, drop.node, drop.detail], ["poison", "a", EDGE, "crashed 3 times"]);
  const { delivery, joinNodes, pins, voucher } = task;
  const told = { delivery: drop.delivery, joinNodes: drop.joinNodes, pins: drop.pins, voucher: drop.voucher };
  assert.equal(told, { delivery, joinNodes, pins, voucher });
  assert.is(other(CLOUD)?.all("abandon").length ?? 0, 0);
});

test("controller of the pinned node keeps the skip of a task that was dropped before its processor was there", () => {
  const { router, processors, attach } = routerOf();
  attach(FOLLOW);
  const [task] = pinned(EDGE, 3);
  assert.ok(task);
  const { id, delivery, pipelineId, pipelineVersion, pins } = task;
  router.tell({ type: "abandon", id, delivery, pipelineId, pipelineVersion, pins });
  assert.is(processors.only("ensureProcessor").stage, "c");
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(FOLLOW, "c"), processor, incarnation: 1 });
  assert.equal(processor.received, [{ type: "skip", id, ordinal: 3 }]);
});

test("controller lets no branch of a task go on that was dropped on another branch, and tells of one drop", () => {
  const { router, distributor, attach, queued } = routerOf();
  attach(FOLLOW);
  const [left, right] = pinned(EDGE);
  assert.ok(left && right);
  for (const [stage, branch] of [["a", left] as const, ["b", right] as const]) {
    router.tell({ type: "submit", task: branch });
    router.tell({
      type: "processorStarted",
      stage: keyOf(FOLLOW, stage),
      processor: createProbe(),
      incarnation: 1,
    });
  }
  router.tell({ type: "stageDropped", task: left, reason: "poison", detail: "" });
  router.tell({ type: "stageDropped", task: right, reason: "serviceFailed", detail: "" });
  router.tell({ type: "submit", task: left });
  router.tell({ type: "submit", task: { ...left, cursor: FOLLOWED, cameFrom: null } });
  assert.is(distributor.only("recordDrop").drop.reason, "poison");
  assert.is(queued(), 0);
});

test("controller records what a live source could not send", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const task of newTask(pipeline))
    router.tell({ type: "stageDropped", task, reason: "windowFull", detail: "" });
  const { drop } = distributor.only("recordDrop");
  assert.equal([drop.reason, drop.stage], ["windowFull", null]);
});

test("controller drops a task whose branch does not come within the join timeout", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [], b: [], c: ["a", "b"] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  const branch = newTask(pipeline).find((task) => task.cursor === "a");
  assert.ok(branch);
  router.tell({ type: "submit", task: branch });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, incarnation: 1 });
  router.tell({ type: "stageCompleted", task: branch, result: resultOf("a"), hop: hopOf(branch, EDGE, 0) });
  router.advance(pipeline.joinTimeoutMs - 1_000);
  assert.is(distributor.received.length, 0);
  router.advance(2_000);
  const { drop } = distributor.only("recordDrop");
  assert.is(drop.reason, "joinTimeout");
  assert.match(drop.detail, '"b"');
});

test("controller parks a task whose pipeline no table has named yet, and drops it in the end", () => {
  const { router, distributor, processors, install } = routerOf(CLOUD);
  const pipeline = pipelineOf({ a: [] });
  const [early, late] = [newTask(pipeline, 0)[0], newTask(pipeline, 1)[0]];
  assert.ok(early && late);
  router.tell({ type: "submit", task: early });
  router.advance(4_000);
  install(tableOf(pipeline, 1, CLOUD));
  assert.is(processors.only("ensureProcessor").stage, "a");

  const unknown = routerOf(CLOUD);
  unknown.router.tell({ type: "submit", task: late });
  unknown.router.advance(6_000);
  assert.is(unknown.distributor.only("recordDrop").drop.reason, "noRoute");
  assert.is(distributor.received.length, 0);
});

test("controller drops beyond the bound of a stage, and says so", () => {
  // Of three places, the last one is left to tasks of other nodes.
  const { router, distributor, attach, queued } = routerOf(EDGE, { stageTasksMax: 3 });
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (let sequence = 0; sequence < 3; sequence += 1) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  assert.is(distributor.only("recordDrop").drop.reason, "overflow");
  assert.is(queued(), 2);
});

test.run();
