import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { setUp } from "./processor-subject.js";

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

test("a model that is missing fails the processor for good: it says so once, and answers for no task", () => {
  const { actor, controller, execute, workers, task, dropped, key } = setUp({ capacity: 2 });
  execute(task(0), task(1));
  const text = 'Cannot load model "yolo.onnx"';
  workers.last().say({ type: "loadFailed", code: "model-missing", text, permanent: true });
  const { stage, error } = controller.only("processorFailed");
  assert.equal(stage, key);
  assert.instance(error, SluiceError);
  assert.equal([(error as SluiceError).code, error.message], ["model-missing", text]);
  execute(task(2), task(3), task(4));
  assert.equal(dropped(), []);
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
  assert.equal(dropped(), []);
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

test("a stage whose service is unknown here is announced and reported", () => {
  const { controller, execute, task, dropped } = setUp({ known: false });
  assert.equal(
    controller.received.map((message) => message.type),
    ["processorStarted", "processorFailed"],
  );
  assert.is((controller.only("processorFailed").error as SluiceError).code, "service-unknown");
  execute(task(0));
  assert.equal(dropped(), []);
});

test.run();
