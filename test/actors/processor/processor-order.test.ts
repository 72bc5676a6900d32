import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseStageId, taskKey } from "../../../src/task/identity.js";
import { NODE } from "../../task/pipelines.js";
import { setUp, stateful, type Setup } from "./processor-subject.js";

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
  const given = { type: "execute", epoch: 7, attempt: 2, enqueuedAtMs: 0, incarnation: 1 } as const;
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
