import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { END, type Task } from "../../src/task/task.js";
import { CREATED_AT_MS, newTask, pipelineOf, runStage, SERVICES } from "./pipelines.js";

function only(tasks: readonly Task[]): Task {
  assert.is(tasks.length, 1);
  return tasks[0] as Task;
}

test("createTask makes one branch at each root, with one payload between them", () => {
  const tasks = newTask(pipelineOf({ x: [], y: [], z: ["x", "y"] }));
  assert.equal(
    tasks.map((task) => [task.cursor, task.cameFrom, task.results.size, task.hops.length]),
    [
      ["x", null, 0, 0],
      ["y", null, 0, 0],
    ],
  );
  assert.is(tasks[0]?.payload, tasks[1]?.payload);
  assert.is(tasks[0]?.frameCount, 1);
});

test("createTask sets the deadline by the age that the pipeline allows", () => {
  const stages = [{ id: "a", service: "reader" }];
  const pipeline = definePipeline({ id: "live", stages, deadlineMs: 250 }, SERVICES);
  assert.is(only(newTask(pipeline)).deadlineAtMs, CREATED_AT_MS + 250);
  assert.is(only(newTask(pipelineOf({ a: [] }))).deadlineAtMs, null);
});

test("completeStage moves the cursor on and adds the result and the hop", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"] });
  const next = only(runStage(only(newTask(pipeline)), pipeline));
  assert.is(next.cursor, "b");
  assert.is(next.cameFrom, "a");
  assert.equal([...next.results.keys()], ["a"]);
  assert.equal(
    next.hops.map((hop) => hop.stage),
    ["a"],
  );
});

test("completeStage leaves the task that it was given as it was", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"] });
  const first = only(newTask(pipeline));
  runStage(first, pipeline);
  assert.is(first.cursor, "a");
  assert.is(first.results.size, 0);
  assert.is(first.hops.length, 0);
});

test("completeStage makes one branch for each successor, which share results and hops", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"] });
  const [b, c] = runStage(only(newTask(pipeline)), pipeline);
  assert.equal([b?.cursor, c?.cursor], ["b", "c"]);
  assert.is(b?.results, c?.results);
  assert.is(b?.hops, c?.hops);
  assert.is(b?.payload, c?.payload);
});

test("completeStage ends a task behind its last stage and lets go of the pixels", () => {
  const pipeline = pipelineOf({ a: [] });
  const done = only(runStage(only(newTask(pipeline)), pipeline));
  assert.is(done.cursor, END);
  assert.is(done.cameFrom, "a");
  assert.is(done.payload, null);
  assert.is(done.frameCount, 1);
});

test("completeStage gives pixels to the branch that reads them and to no other", () => {
  const stages = [
    { id: "find", service: "detect" },
    { id: "track", service: "track", after: ["find"] },
    { id: "paint", service: "colour", after: ["find"] },
  ];
  const pipeline = definePipeline({ id: "fork", stages }, SERVICES);
  const first = only(newTask(pipeline));
  const [track, paint] = runStage(first, pipeline);
  assert.is(track?.payload, null);
  assert.is(paint?.payload, first.payload, "the very same bytes");
});

test("completeStage refuses a task that is at its end", () => {
  const pipeline = pipelineOf({ a: [] });
  const done = only(runStage(only(newTask(pipeline)), pipeline));
  assert.throws(() => runStage({ ...done, cursor: "b" as never }, pipeline), RangeError);
});

test.run();
