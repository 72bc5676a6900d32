import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { StageResult } from "../../../src/task/service.js";
import { HeldUpClock } from "../../support/virtual-clock.js";
import { setUp, stateful, type Setup } from "./processor-subject.js";

test("processor announces itself at its start, and loads its service before the first task", () => {
  const { actor, controller, workers, key, execute, task } = setUp();
  assert.equal(controller.received, [
    { type: "processorStarted", stage: key, processor: actor.self, incarnation: 1 },
  ]);
  assert.is(workers.all.length, 1);
  execute(task(0));
  assert.is(workers.all.length, 1);
  assert.equal(workers.last().spec, {
    name: "a",
    module: "file:///detect.js",
    parameters: {},
    modelDir: "/models",
    output: "boxes",
    stateful: false,
  });
});

test("processor answers with the task as it came, the result, and a hop that splits queue from execution", () => {
  const { actor, controller, workers, execute, load, task } = setUp();
  const startMs = actor.clock.now();
  const first = task(0);
  execute(first);
  actor.advance(50);
  load();
  actor.advance(20);
  const result: StageResult = { type: "boxes", frames: [[]] };
  workers.last().say({ type: "completed", result });
  const answer = controller.only("stageCompleted");
  assert.is(answer.task, first);
  assert.equal(answer.result, result);
  assert.equal(answer.hop, {
    stage: "a",
    node: "edge-1",
    epoch: 7,
    attempt: 1,
    delivery: 1,
    enqueuedAtMs: startMs,
    startedAtMs: startMs + 50,
    endedAtMs: startMs + 70,
  });
});

test("processor tells the times of a hop as they were read, also where the thread is held up between two reads", () => {
  const { workers, controller, execute, load, task } = setUp({ clock: new HeldUpClock(1_000) });
  execute(task(0));
  load();
  workers.last().complete();
  const { hop } = controller.only("stageCompleted");
  // The first read is 10 ms after the start.
  assert.is(hop.enqueuedAtMs, 1_010);
});

test("processor gives a worker one task at a time, with its frames and the results of the stages before", () => {
  const { workers, controller, execute, load, task } = setUp();
  const first = task(0);
  execute(first, task(1));
  load();
  assert.is(workers.last().jobs.length, 1);
  const [job] = workers.last().jobs;
  assert.is(job?.payload, first.payload);
  assert.equal([job?.sourceId, job?.incarnation, job?.sequence, job?.frameCount], ["cam-1", 0, 0, 1]);
  assert.equal(job?.previous, new Map());
  workers.last().complete();
  assert.is(workers.last().jobs.length, 2);
  const model = "0".repeat(64);
  workers.last().say({ type: "completed", result: { type: "boxes", frames: [[]] }, model });
  const hops = controller.all("stageCompleted").map(({ hop }) => hop.model);
  assert.equal(hops, [undefined, model], "a hop names the model that its worker has");
});

test("processor ignores a second copy of a task that it holds, and runs one that comes again after its answer", () => {
  const { workers, execute, load, task, completed, given } = setUp();
  execute(task(0), task(1), task(0), task(1));
  load();
  execute(task(0));
  workers.last().complete();
  workers.last().complete();
  assert.equal(completed(), [0, 1]);
  execute(task(0));
  assert.equal(given(), [0, 1, 0]);
});

test("processor drops a task that came without the frames that its service reads", () => {
  const { workers, execute, task, dropped } = setUp();
  execute(task(0, { payload: null }));
  assert.equal(dropped(), ["0 serviceFailed"]);
  assert.equal(workers.last().jobs, []);
});

test("processor has one worker for a service with state, whatever the replicas", () => {
  const { workers, execute, load, task } = setUp({ service: stateful, limits: { replicas: 4 } });
  execute(task(0), task(1), task(2));
  load();
  assert.is(workers.all.length, 1);
});

test("processor serves its sources in turn: one that floods it delays itself", () => {
  const { workers, execute, load, task } = setUp({ capacity: 16 });
  execute(task(0), task(1), task(2), task(3), task(0, { source: "cam-2" }));
  load();
  for (let done = 0; done < 4; done += 1) workers.last().complete();
  assert.equal(
    workers.last().jobs.map((job) => `${job.sourceId} ${job.sequence}`),
    ["cam-1 0", "cam-2 0", "cam-1 1", "cam-1 2", "cam-1 3"],
  );
});

test("processor that starts again kills its workers, announces itself and holds nothing", () => {
  const { actor, controller, workers, execute, load, task, completed } = setUp();
  execute(task(0), task(1));
  load();
  const [old] = workers.all;
  actor.restart();
  assert.is(old?.ended, "killed");
  assert.is(controller.all("processorStarted").length, 2);
  execute(task(0));
  assert.is(workers.all.length, 2);
  load();
  workers.last().complete();
  assert.equal(completed(), [0]);
});

test("processor that starts again does not take an event of an earlier worker for one of its own", () => {
  const { actor, workers, execute, task, completed } = setUp();
  execute(task(0));
  actor.restart();
  execute(task(0));
  workers.all[1]?.say({ type: "loaded" });
  actor.tell({
    type: "workerEvent",
    worker: 1,
    event: { type: "completed", result: { type: "boxes", frames: [[]] } },
  });
  assert.equal(completed(), []);
});

test("processor that starts again ignores what was sent to an earlier incarnation, and takes what is sent again", () => {
  const { actor, controller, execute, load, workers, task, completed } = setUp({ service: stateful });
  execute(task(0));
  actor.restart();
  const incarnations = controller.all("processorStarted").map(({ incarnation }) => incarnation);
  assert.equal(incarnations, [1, 2]);
  for (const incarnation of incarnations) {
    actor.tell({
      type: "execute",
      task: task(0),
      epoch: 7,
      attempt: incarnation,
      enqueuedAtMs: 0,
      incarnation,
    });
  }
  load();
  workers.last().complete();
  assert.equal(completed(), [0]);
  const { hop } = controller.only("stageCompleted");
  assert.is(hop.attempt, 2);
});

/** One task runs, `capacity` wait: the next one is too many. */
function full(setup: Setup) {
  const subject = setUp({ capacity: 2, ...setup });
  subject.execute(subject.task(0));
  subject.load();
  subject.execute(subject.task(1), subject.task(2));
  return subject;
}

test("policy block drops nothing: whoever sends holds back what does not fit", () => {
  const { execute, workers, task, dropped, given } = full({ policy: "block" });
  execute(task(3));
  for (let done = 0; done < 4; done += 1) workers.last().complete();
  assert.equal(given(), [0, 1, 2, 3]);
  assert.equal(dropped(), []);
});

test("policy dropOldest drops the task that has waited longest", () => {
  const { execute, workers, task, dropped, given } = full({ policy: "dropOldest" });
  execute(task(3));
  assert.equal(dropped(), ["1 queueDropOldest"]);
  workers.last().complete();
  workers.last().complete();
  assert.equal(given(), [0, 2, 3]);
});

test("policy dropNewest drops the task that comes", () => {
  const { execute, workers, task, dropped, given } = full({ policy: "dropNewest" });
  execute(task(3));
  assert.equal(dropped(), ["3 queueDropNewest"]);
  workers.last().complete();
  workers.last().complete();
  assert.equal(given(), [0, 1, 2]);
});

test("policy latestOnly keeps the newest task of each source", () => {
  const { execute, load, workers, task, dropped } = setUp({ policy: "latestOnly", capacity: 2 });
  execute(task(0));
  load();
  execute(task(1), task(0, { source: "cam-2" }), task(3), task(2));
  assert.equal(dropped(), ["1 queueLatestOnly", "2 queueLatestOnly"]);
  execute(task(0, { source: "cam-3" }));
  assert.equal(dropped().slice(2), ["0 overflow"], "of the source that has waited longest");
  workers.last().complete();
  workers.last().complete();
  assert.equal(
    workers.last().jobs.map((job) => `${job.sourceId} ${job.sequence}`),
    ["cam-1 0", "cam-1 3", "cam-3 0"],
  );
});

test("processor drops a task whose deadline has passed when its turn comes, and runs the next", () => {
  const { actor, execute, load, workers, task, dropped, given } = setUp();
  const nowMs = actor.clock.now();
  execute(task(0), task(1, { deadlineAtMs: nowMs + 10 }), task(2, { deadlineAtMs: nowMs + 11 }));
  load();
  actor.advance(10);
  workers.last().complete();
  assert.equal(dropped(), ["1 deadline"]);
  assert.equal(given(), [0, 2]);
});

test("processor says that it is loaded once for each start, and not while there is no place for it", () => {
  const { actor, workers, controller, execute, task } = setUp();
  workers.last().say({ type: "loaded", placeless: true });
  assert.equal(controller.all("processorLoaded"), []);
  execute(task(0));
  workers.last().say({ type: "loaded" });
  assert.equal(
    controller.all("processorLoaded").map(({ incarnation }) => incarnation),
    [1],
  );
  workers.last().complete();
  assert.is(
    controller.all("stageCompleted").length,
    1,
    "the job that it was given meanwhile is not forgotten",
  );
  actor.restart();
  workers.last().say({ type: "loaded" });
  assert.equal(
    controller.all("processorLoaded").map(({ incarnation }) => incarnation),
    [1, 2],
  );
});

test("processor drops what waits of one source as it is told to flush, and what a worker has ends", () => {
  const { actor, execute, workers, task, dropped, given } = full({ policy: "block" });
  execute(task(3));
  actor.tell({ type: "flush", sourceId: task(0).id.sourceId, detail: "paused" });
  assert.equal(dropped(), ["1 flushed", "2 flushed", "3 flushed"]);
  workers.last().complete();
  execute(task(4));
  assert.equal(given(), [0, 4]);
});

test.run();
