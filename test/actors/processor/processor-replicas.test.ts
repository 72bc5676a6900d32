import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { assertEachAnswered, setUp, type Setup } from "./processor-subject.js";

const GROW_MS = 500;
const SHRINK_MS = 60_000;

/** A stage with two workers, of which the first runs task 0 and the second task 1. */
function twoWorkers(setup: Setup = {}) {
  const subject = setUp({ ...setup, limits: { replicas: 2, ...setup.limits } });
  const { actor, execute, load, task, workers } = subject;
  execute(task(0), task(1));
  load();
  actor.advance(GROW_MS);
  const [first, second] = workers.all;
  if (first === undefined || second === undefined) throw new Error("There are no two workers");
  return { ...subject, first, second };
}

test("processor starts another worker of a service without state once all have been at work for a while with tasks waiting", () => {
  const { actor, workers, execute, load, task, given } = setUp({ limits: { replicas: 2 } });
  execute(task(0), task(1), task(2));
  assert.is(workers.all.length, 1, "the second waits until the first has loaded");
  load();
  actor.advance(GROW_MS - 1);
  assert.is(workers.all.length, 1);
  actor.advance(1);
  assert.is(workers.all.length, 2);
  load();
  assert.equal(given(), [0, 1]);
  workers.last().complete();
  assert.equal(given(), [0, 1, 2]);
  actor.advance(10 * GROW_MS);
  assert.is(workers.all.length, 2, "there are no more than replicas");
});

test("processor starts no other worker where one has rested in between", () => {
  const { actor, workers, execute, load, task } = setUp({ limits: { replicas: 2 } });
  let sequence = 0;
  const saturate = () => {
    execute(task(sequence++), task(sequence++));
    load();
    actor.advance(GROW_MS - 1);
  };
  saturate();
  workers.last().complete();
  workers.last().complete();
  saturate();
  assert.is(workers.all.length, 1);
  actor.advance(1);
  assert.is(workers.all.length, 2);
});

test("processor starts no other worker while the machine has no memory for one", () => {
  const memory = { left: false };
  const { actor, workers, execute, load, task } = setUp({
    limits: { replicas: 2 },
    hasMemory: () => memory.left,
  });
  execute(task(0), task(1));
  load();
  actor.advance(10 * GROW_MS);
  assert.is(workers.all.length, 1);
  memory.left = true;
  actor.advance(GROW_MS);
  assert.is(workers.all.length, 2);
});

test("processor ends a worker that has had nothing for a minute, but the first", () => {
  const { actor, first, second, execute, load, task } = twoWorkers();
  load();
  first.complete();
  second.complete();
  actor.advance(SHRINK_MS - 1);
  assert.equal([first.ended, second.ended], [null, null]);
  actor.advance(1);
  assert.equal([first.ended, second.ended], [null, "stopped"]);
  execute(task(2));
  assert.is(first.jobs.length, 2);
});

test("processor goes on with the workers that it has where another one cannot load", () => {
  const { actor, controller, execute, first, second, task, workers, completed, given } = twoWorkers();
  second.say({ type: "loadFailed", code: "model-invalid", text: "no room", permanent: true });
  first.complete();
  execute(task(2));
  for (let round = 0; round < 20; round += 1) {
    actor.advance(1_000);
    const newest = workers.last();
    if (newest.status === "loading") newest.say({ type: "crashed", text: "no room" });
  }
  assert.ok(workers.all.length > 6);
  assert.equal(controller.all("processorFailed"), []);
  first.complete();
  first.complete();
  assert.equal(
    [completed(), given()],
    [
      [0, 1, 2],
      [0, 1, 2],
    ],
  );
});

test("processor lets go of another worker that has no place, as the first is sooner at what waits", () => {
  const { first, second, given } = twoWorkers();
  second.say({ type: "loaded", placeless: true });
  assert.is(second.ended, "stopped");
  first.complete();
  assert.equal(given(), [0, 1]);
});

test("processor answers as its workers end where no stage behind it has state, and in order where one has", () => {
  for (const feedsState of [false, true]) {
    const { first, second, load, completed } = twoWorkers({ feedsState });
    load();
    second.complete();
    assert.equal(completed(), feedsState ? [] : [1]);
    first.complete();
    assert.equal(completed(), feedsState ? [0, 1] : [1, 0]);
  }
});

test("processor lets what waits for a task go as soon as that is dropped, and never runs it twice", () => {
  const { first, second, execute, load, task, completed, dropped, given } = twoWorkers({ feedsState: true });
  load();
  second.complete();
  execute(task(1));
  first.say({ type: "failed", text: "no" });
  assert.equal([dropped(), completed(), given()], [["0 serviceFailed"], [1], [0, 1]]);
});

test("processor begins few tasks of a source ahead of one that takes long, and goes on with other sources", () => {
  const { second, execute, load, task, given } = twoWorkers({ feedsState: true, capacity: 16 });
  load();
  execute(...[2, 3, 4, 5].map((sequence) => task(sequence)), task(0, { source: "cam-2" }));
  for (let done = 0; done < 4; done += 1) second.complete();
  assert.equal(given(), [0, 1, 2, 0, 3], "two a worker of cam-1, and the other one's");
  assert.is(second.status, "idle");
});

test("tasks of a source leave a stage with several workers as they were begun, each once, whatever becomes of its workers", () => {
  const replicas = 3;
  const happenings = fc.array(
    fc.record({
      worker: fc.nat({ max: replicas - 1 }),
      what: fc.constantFrom("arrive", "arrive", "complete", "complete", "throw", "crash", "wait"),
      source: fc.constantFrom("cam-1", "cam-2"),
    }),
    { maxLength: 120, size: "max" },
  );
  fc.assert(
    fc.property(happenings, (history) => {
      const { actor, controller, workers, execute, task } = setUp({
        capacity: 1_000,
        feedsState: true,
        limits: { replicas, growAfterMs: 1 },
      });
      const arrived = new Map<string, number>();
      const most = () => {
        const begun = new Set(
          workers.all.flatMap(({ jobs }) => jobs.map((job) => `${job.sourceId}/${job.sequence}`)),
        );
        for (const message of controller.received)
          if (message.type === "stageCompleted" || message.type === "stageDropped")
            begun.delete(`${message.task.id.sourceId}/${message.task.id.sequence}`);
        const counts = ["cam-1", "cam-2"].map((source) => [...begun].filter((key) => key.startsWith(source)));
        return Math.max(...counts.map(({ length }) => length));
      };
      for (const { worker: index, what, source } of history) {
        const worker = workers.alive()[index];
        if (worker?.status === "loading") worker.say({ type: "loaded" });
        if (what === "arrive") {
          const sequence = arrived.get(source) ?? 0;
          arrived.set(source, sequence + 1);
          execute(task(sequence, { source }));
        } else if (what === "wait") actor.advance(300);
        else if (worker?.status !== "busy") continue;
        else if (what === "complete") worker.complete();
        else if (what === "throw") worker.say({ type: "failed", text: "no" });
        else worker.say({ type: "crashed", text: "boom" });
        assert.ok(most() <= 2 * replicas);
      }
      for (let round = 0; round < 60; round += 1) {
        actor.advance(1_000);
        for (const worker of workers.alive()) {
          if (worker.status === "loading") worker.say({ type: "loaded" });
          while (worker.status === "busy") worker.complete();
        }
      }
      assertEachAnswered(controller, arrived);
    }),
    { numRuns: 150 },
  );
});

test.run();
