import { test } from "uvu";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { taskKey, parseStageId } from "../../../src/task/identity.js";
import type { StageResult } from "../../../src/task/service.js";
import { NODE } from "../../task/pipelines.js";
import { setUp, stateful, type Setup } from "./processor-subject.js";

// ── Lifecycle ───────────────────────────────────────────────────────────────────────────────────────────────────────

test("processor announces itself at its start, and loads its service before the first task", () => {
  const { actor, controller, workers, key, execute, task } = setUp();
  assert.equal(controller.received, [
    { type: "processorStarted", stage: key, processor: actor.self, life: 1 },
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

test("processor gives a worker one task at a time, with its frames and the results of the stages before", () => {
  const { workers, execute, load, task } = setUp();
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

test("processor runs a service without state on several workers, started one after the other as work comes", () => {
  const { workers, execute, task, given } = setUp({ limits: { replicas: 2 } });
  execute(task(0), task(1), task(2));
  assert.is(workers.all.length, 1, "the second waits until the first has loaded");
  workers.all[0]?.say({ type: "loaded" });
  assert.is(workers.all.length, 2);
  workers.all[1]?.say({ type: "loaded" });
  assert.equal(given(), [0, 1]);
  workers.all[1]?.complete();
  assert.equal(
    workers.all[1]?.jobs.map((job) => job.sequence),
    [1, 2],
  );
  assert.is(workers.all.length, 2);
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
  const incarnations = controller.all("processorStarted").map(({ life }) => life);
  assert.equal(incarnations, [1, 2]);
  for (const life of incarnations) {
    actor.tell({ type: "execute", task: task(0), epoch: 7, attempt: life, enqueuedAtMs: 0, life });
  }
  load();
  workers.last().complete();
  assert.equal(completed(), [0]);
  const { hop } = controller.only("stageCompleted");
  assert.is(hop.attempt, 2);
});

// ── Queue policies ──────────────────────────────────────────────────────────────────────────────────────────────────

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

// ── Failures ────────────────────────────────────────────────────────────────────────────────────────────────────────

test("a task that the service throws at is dropped with the text, not tried again, and the worker goes on", () => {
  const { controller, execute, load, workers, task, given } = setUp();
  execute(task(0), task(1));
  load();
  workers.last().say({ type: "failed", text: "No such colour" });
  const { reason, detail } = controller.only("stageDropped");
  assert.equal([reason, detail], ["serviceFailed", "No such colour"]);
  assert.equal(given(), [0, 1]);
  assert.is(workers.all.length, 1);
});

test("a task whose worker crashes is tried again first, on a new worker after the backoff", () => {
  const { actor, controller, execute, load, workers, task, given } = setUp();
  execute(task(0), task(1));
  load();
  workers.last().say({ type: "crashed", text: "boom" });
  assert.is(workers.all.length, 1);
  actor.advance(99);
  assert.is(workers.all.length, 1);
  actor.advance(1);
  assert.is(workers.all.length, 2);
  load();
  workers.last().complete();
  assert.equal(controller.only("stageCompleted").hop.attempt, 2);
  assert.equal(given(), [0, 0, 1]);
});

test("a task that crashes its worker 3 times is dropped as poison, and its neighbours are run", () => {
  const { actor, controller, execute, load, workers, task, completed } = setUp();
  execute(task(0), task(1));
  for (const delayMs of [100, 200, 400]) {
    load();
    workers.last().say({ type: "crashed", text: "boom (exit code 1)" });
    actor.advance(delayMs - 1);
    const before = workers.all.length;
    actor.advance(1);
    assert.is(workers.all.length, before + 1, `a new worker after ${delayMs} ms`);
  }
  const { reason, detail } = controller.only("stageDropped");
  assert.equal([reason, detail], ["poison", "It ended 3 workers, the last one as boom (exit code 1)"]);
  load();
  workers.last().complete();
  assert.equal(completed(), [1]);
});

test("the backoff begins again once a task was completed", () => {
  const { actor, execute, load, workers, task } = setUp();
  execute(task(0), task(1));
  load();
  workers.last().say({ type: "crashed", text: "boom" });
  actor.advance(100);
  load();
  workers.last().complete();
  workers.last().say({ type: "crashed", text: "boom" });
  actor.advance(100);
  assert.is(workers.all.length, 3);
});

test("a task that hangs has its worker killed and counts as a crash", () => {
  const { actor, controller, execute, load, workers, task, given } = setUp({
    limits: { poisonAttempts: 2, executeTimeoutMs: 1_000 },
  });
  execute(task(0));
  load();
  actor.advance(999);
  assert.is(workers.last().ended, null);
  actor.advance(1);
  assert.is(workers.last().ended, "killed");
  actor.advance(100);
  load();
  actor.advance(1_000);
  assert.equal(given(), [0, 0]);
  const { reason, detail } = controller.only("stageDropped");
  assert.equal(
    [reason, detail],
    ["poison", "It ended 2 workers, the last one as it took longer than 1000 ms for one task"],
  );
});

test("a timeout of a run that has just ended harms nobody", () => {
  const { actor, execute, load, workers, task } = setUp();
  execute(task(0), task(1));
  load();
  workers.last().complete();
  actor.tell({ type: "workerTimedOut", worker: 1, run: 1 });
  assert.is(workers.last().ended, null);
});

test("a model that is missing fails the processor for good: it says so once and drops every task", () => {
  const { actor, controller, execute, workers, task, dropped, key } = setUp({ capacity: 2 });
  execute(task(0), task(1));
  const text = 'Cannot load model "yolo.onnx"';
  workers.last().say({ type: "loadFailed", code: "model-missing", text, permanent: true });
  const { stage, error } = controller.only("processorFailed");
  assert.equal(stage, key);
  assert.instance(error, SluiceError);
  assert.equal([(error as SluiceError).code, error.message], ["model-missing", text]);
  execute(task(2), task(3), task(4));
  assert.equal(
    dropped(),
    [0, 1, 2, 3, 4].map((sequence) => `${sequence} serviceFailed`),
  );
  assert.is(controller.all("stageDropped")[4]?.detail, text);
  actor.advance(100_000);
  assert.is(workers.all.length, 1);
});

test("a load that fails otherwise is tried again with backoff, up to 5 times", () => {
  const { actor, controller, execute, workers, task, dropped } = setUp();
  execute(task(0));
  for (const delayMs of [100, 200, 400, 800]) {
    workers.last().say({ type: "loadFailed", code: "EMFILE", text: "Too many files", permanent: false });
    assert.equal(dropped(), []);
    const before = workers.all.length;
    actor.advance(delayMs);
    assert.is(workers.all.length, before + 1);
  }
  workers.last().say({ type: "crashed", text: "its thread ended (exit code 1)" });
  assert.equal(dropped(), ["0 serviceFailed"]);
  const { error } = controller.only("processorFailed");
  assert.is((error as SluiceError).code, "service-failed");
  assert.is(error.message, 'Cannot load service "detect" in 5 attempts: its thread ended (exit code 1)');
});

test("a load that takes too long counts as failed, and one that succeeds starts the count again", () => {
  const { actor, execute, load, workers, task, completed } = setUp({
    limits: { loadTimeoutMs: 5_000, loadAttempts: 2 },
  });
  execute(task(0));
  actor.advance(5_000);
  assert.is(workers.last().ended, "killed");
  actor.advance(100);
  load();
  workers.last().say({ type: "crashed", text: "boom" });
  actor.advance(200);
  actor.advance(5_000);
  actor.advance(400);
  load();
  workers.last().complete();
  assert.equal(completed(), [0]);
});

test("a stage whose service is unknown here is announced, reported and answered for", () => {
  const { controller, execute, task, dropped } = setUp({ known: false });
  assert.equal(
    controller.received.map((message) => message.type),
    ["processorStarted", "processorFailed"],
  );
  assert.is((controller.only("processorFailed").error as SluiceError).code, "service-unknown");
  execute(task(0));
  assert.equal(dropped(), ["0 serviceFailed"]);
});

// ── Order and state ─────────────────────────────────────────────────────────────────────────────────────────────────

/** A stateful processor, and `finish` to load its worker and complete all that it is given. */
function follower(setup: Omit<Setup, "service"> = {}) {
  const subject = setUp({ service: stateful, capacity: 16, ...setup });
  const { workers, controller } = subject;
  const finish = () => {
    for (const worker of workers.alive()) {
      if (worker.status === "loading") worker.say({ type: "loaded" });
      while (worker.status === "busy") worker.complete();
    }
  };
  /** `sequence` for a task that continued, `sequence!` for one that restarted. */
  const log = () =>
    controller
      .all("stageCompleted")
      .map(({ task, result }) => `${task.id.sequence}${result.continuity === "restarted" ? "!" : ""}`);
  return { ...subject, finish, log };
}

test("a stateful service gets tasks in order of sequence, whatever the order of arrival", () => {
  const { execute, finish, task, log } = follower();
  execute(task(2), task(0), task(3), task(1));
  finish();
  assert.equal(log(), ["0!", "1", "2", "3"]);
});

test("a stateful stage waits for a missing task, until it comes", () => {
  const { actor, execute, finish, task, log } = follower();
  execute(task(0), task(2));
  finish();
  actor.advance(999);
  assert.equal(log(), ["0!"]);
  execute(task(1));
  finish();
  assert.equal(log(), ["0!", "1", "2"]);
});

test("a stateful stage waits for a missing task, until it is skipped", () => {
  const { skip, execute, finish, task, log } = follower();
  execute(task(0), task(3));
  finish();
  skip(task(2));
  finish();
  assert.equal(log(), ["0!"]);
  skip(task(1));
  finish();
  assert.equal(log(), ["0!", "3!"]);
});

test("a stateful stage remembers a skip that comes before its time", () => {
  const { skip, execute, finish, task, log } = follower();
  skip(task(0));
  skip(task(2));
  execute(task(1), task(3));
  finish();
  assert.equal(log(), ["1!", "3!"]);
});

test("a stateful stage remembers more skips than its queue holds tasks, while the task before them is late", () => {
  const { skip, execute, finish, task, log } = follower({ capacity: 8 });
  for (let sequence = 1; sequence <= 40; sequence += 1) skip(task(sequence));
  execute(task(41));
  finish();
  execute(task(0));
  finish();
  assert.equal(log(), ["0!", "41!"]);
});

test("a stateful stage waits for a missing task, until the gap times out", () => {
  const { actor, execute, finish, task, log } = follower({ limits: { gapTimeoutMs: 200 } });
  execute(task(0));
  finish();
  execute(task(2), task(3), task(5));
  actor.advance(199);
  finish();
  assert.equal(log(), ["0!"]);
  actor.advance(1);
  finish();
  assert.equal(log(), ["0!", "2!", "3"]);
  actor.advance(200);
  finish();
  assert.equal(log(), ["0!", "2!", "3", "5!"]);
});

test("a gap times out also while no worker is idle, and sets no more timers", () => {
  const { actor, execute, load, finish, task, log } = follower({ limits: { gapTimeoutMs: 200 } });
  execute(task(1));
  actor.advance(1_000);
  assert.ok(actor.clock.pending <= 2, `${actor.clock.pending} timers`);
  load();
  finish();
  assert.equal(log(), ["1!"]);
});

test("a task that comes after its gap was given up is run, and both results say so", () => {
  const { actor, execute, finish, task, log } = follower();
  execute(task(0), task(2));
  finish();
  actor.advance(1_000);
  finish();
  execute(task(1));
  finish();
  execute(task(3), task(4));
  finish();
  assert.equal(log(), ["0!", "2!", "1!", "3!", "4"]);
});

test("a task that comes after its gap was given up, but before the next was run, is in time", () => {
  const { actor, execute, load, workers, finish, task, log } = follower();
  execute(task(0));
  load();
  execute(task(2));
  actor.advance(1_000);
  execute(task(1));
  assert.is(workers.last().jobs.length, 1);
  finish();
  assert.equal(log(), ["0!", "1", "2"]);
});

test("a stateful stage waits for nothing before the first task of a source that it knows nothing of", () => {
  const { execute, finish, task, log } = follower({ capacity: 4 });
  execute(task(5));
  finish();
  assert.equal(log(), ["5!"], "0 to 4 came before its time");
  execute(task(11));
  finish();
  assert.equal(log(), ["5!"], "6 to 10 are waited for");
});

test("a stateful stage in a new incarnation begins where it was given its tasks again", () => {
  const { actor, finish, task, log } = follower();
  const given = { type: "execute", epoch: 7, attempt: 2, enqueuedAtMs: 0, life: 1 } as const;
  actor.tell({ ...given, task: task(3) });
  finish();
  assert.equal(log(), ["3!"]);
});

test("the order that a stateful stage keeps is that of the tasks pinned to its node", () => {
  const { execute, finish, task, log } = follower();
  const at = (sequence: number, ordinal: number) =>
    task(sequence, { pins: new Map([[parseStageId("a"), { node: NODE, ordinal }]]) });
  execute(at(0, 0), at(7, 2), at(6, 1), at(20, 3));
  finish();
  assert.equal(log(), ["0!", "6!", "7", "20!"]);
});

test("a stage with block holds any number of tasks that wait for one, as it drops none", () => {
  const { execute, finish, task, log } = follower({ capacity: 2 });
  execute(task(1), task(2), task(3), task(4));
  finish();
  assert.equal(log(), []);
  execute(task(0));
  finish();
  assert.equal(log(), ["0!", "1", "2", "3", "4"]);
});

test("a full queue that takes nothing in waits for nothing", () => {
  const { execute, finish, task, log } = follower({ capacity: 2, policy: "dropNewest" });
  execute(task(0));
  finish();
  execute(task(2));
  finish();
  assert.equal(log(), ["0!"]);
  execute(task(3));
  finish();
  assert.equal(log(), ["0!", "2!", "3"]);
});

test("a task dropped from the queue is not waited for", () => {
  const { execute, load, workers, finish, task, log, dropped } = follower({
    capacity: 2,
    policy: "dropOldest",
  });
  execute(task(0));
  load();
  execute(task(1), task(2), task(3));
  workers.last().complete();
  finish();
  assert.equal(dropped(), ["1 queueDropOldest"]);
  assert.equal(log(), ["0!", "2!", "3"]);
});

test("a new incarnation of a source starts over, and stragglers of the old one still run", () => {
  const { execute, finish, task, log } = follower();
  execute(task(0), task(1));
  finish();
  execute(task(1, { incarnation: 1 }), task(0, { incarnation: 1 }));
  finish();
  execute(task(2));
  finish();
  execute(task(2, { incarnation: 1 }));
  finish();
  assert.equal(log(), ["0!", "1", "0!", "1", "2!", "2!"]);
});

test("sources are ordered apart: a gap in one holds up no other", () => {
  const { execute, finish, task, log } = follower();
  execute(task(1), task(0, { source: "cam-2" }), task(1, { source: "cam-2" }));
  finish();
  assert.equal(log(), ["0!", "1"]);
});

test("after a crash the next task of every source says that the state is lost", () => {
  const { actor, execute, load, workers, finish, task, log } = follower();
  execute(task(0), task(0, { source: "cam-2" }));
  finish();
  execute(task(1), task(1, { source: "cam-2" }));
  workers.last().say({ type: "crashed", text: "boom" });
  actor.advance(100);
  load();
  finish();
  execute(task(2));
  finish();
  assert.equal(log(), ["0!", "0!", "1!", "1!", "2"]);
});

test("a task that the service threw at was not seen by it", () => {
  const { execute, workers, finish, task, log, dropped } = follower();
  execute(task(0));
  finish();
  execute(task(1), task(2));
  workers.last().say({ type: "failed", text: "No" });
  finish();
  assert.equal(dropped(), ["1 serviceFailed"]);
  assert.equal(log(), ["0!", "2!"]);
});

test("a break that the service reports is kept", () => {
  const { execute, finish, workers, task, log } = follower();
  execute(task(0));
  finish();
  execute(task(1));
  workers.last().say({
    type: "completed",
    result: { type: "tracks", frames: [[]], continuity: "restarted" },
  });
  assert.equal(log(), ["0!", "1!"]);
});

test("the order of idle sources is forgotten beyond a bound", () => {
  const { execute, finish, task, log } = follower({ limits: { sourcesMax: 2 }, capacity: 2 });
  for (const source of ["cam-1", "cam-2", "cam-3"]) {
    execute(task(0, { source }));
    finish();
  }
  execute(task(1, { source: "cam-3" }), task(5));
  finish();
  assert.equal(log(), ["0!", "0!", "0!", "1", "5!"]);
});

test("every task executed is answered once, and is nowhere else", () => {
  const { controller, execute, finish, task } = follower();
  const tasks = [3, 1, 0, 2].map((sequence) => task(sequence));
  execute(...tasks);
  finish();
  const answers = controller.all("stageCompleted").map((answer) => taskKey(answer.task.id));
  assert.equal(answers.sort(), tasks.map(({ id }) => taskKey(id)).sort());
});

test.run();
