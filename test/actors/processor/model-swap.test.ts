import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { assertEachAnswered, setUp, type Setup } from "./processor-subject.js";

const OLD = "0".repeat(64);
const NEW = "1".repeat(64);
const NEXT = "2".repeat(64);

const modelled: ServiceDeclaration = {
  name: "modelled",
  summary: "Finds things with a model",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  model: { parameter: "model", file: "m.onnx" },
  module: "file:///modelled.js",
};

/** A stage whose first worker has loaded the old version. */
function withOld(setup: Setup = {}) {
  const subject = setUp({ service: modelled, ...setup });
  const { workers, controller } = subject;
  workers.last().say({ type: "loaded", version: OLD });
  const old = workers.last();
  const models = () =>
    controller
      .all("modelChanged")
      .map(({ model: { version, refused } }) => [version[0], refused?.version[0] ?? null, refused?.reason]);
  /** The one that loads the new version beside the old one. */
  const candidate = (version = NEW) => {
    const known = workers.all.length;
    old.say({ type: "outdated", version });
    return workers.all[known];
  };
  return { ...subject, old, models, candidate };
}

test("a new version of a model loads beside the old one, takes over between two tasks, and replaces it after the first 20", () => {
  const { actor, controller, old, candidate, execute, task, workers, completed, models } = withOld();
  execute(task(0), task(1), task(2));
  old.say({ type: "outdated", version: OLD });
  assert.is(workers.all.length, 1, "it is the newest");
  const fresh = candidate();
  assert.ok(fresh);
  assert.is(fresh.spec.version, NEW);
  assert.is(candidate(), undefined, "one at a time");
  old.complete();
  assert.equal([old.jobs.length, completed()], [2, [0]], "the old one goes on while the new one loads");
  fresh.say({ type: "loaded", version: NEW });
  assert.is(fresh.jobs.length, 0, "one task at a time, as before");
  old.complete();
  assert.equal([fresh.jobs.length, completed()], [1, [0, 1]]);
  for (let sequence = 3; sequence < 22; sequence += 1) {
    execute(task(sequence));
    fresh.complete();
  }
  assert.equal([old.ended, old.jobs.length], [null, 2], "it is kept in case");
  execute(task(22));
  fresh.complete();
  assert.is(old.ended, "stopped");
  assert.equal(models(), [
    ["0", null, undefined],
    ["1", null, undefined],
  ]);
  fresh.complete();
  actor.advance(600_000);
  assert.equal(
    completed(),
    Array.from({ length: 23 }, (_, sequence) => sequence),
  );
  assert.equal([workers.alive().length, controller.all("processorLoaded").length], [1, 1]);
});

test("a version of which one task within a minute is done needs no further ones", () => {
  const { actor, old, candidate, execute, task } = withOld();
  const fresh = candidate();
  fresh?.say({ type: "loaded", version: NEW });
  actor.advance(120_000);
  assert.is(old.ended, null, "nothing shows yet that it is well");
  execute(task(0));
  fresh?.complete();
  actor.advance(60_000);
  assert.is(old.ended, "stopped");
});

test("a version that cannot be loaded is refused with the reason, once, and the old one goes on; the next version is tried", () => {
  const { actor, controller, old, candidate, execute, task, models, completed } = withOld();
  execute(task(0));
  candidate()?.say({ type: "loadFailed", code: "model-invalid", text: "no model", permanent: true });
  assert.equal(models().at(-1), ["0", "1", "no model"]);
  assert.is(candidate(), undefined);
  old.complete();
  execute(task(1));
  old.complete();
  assert.equal([completed(), controller.all("processorFailed")], [[0, 1], []]);
  // What may pass is tried again, as often as a stage is.
  for (let tries = 0; tries < 5; tries += 1) {
    assert.equal(models().length, 2);
    candidate(NEXT)?.say({ type: "loadFailed", code: "model-missing", text: "cut off", permanent: false });
    actor.advance(60_000);
  }
  assert.equal(models().at(-1), ["0", "2", "cut off"]);
  assert.is(old.ended, null);
});

test("a task that fails on a new version is run with the old one: the version is refused where that does it, the task dropped where not", () => {
  for (const does of [true, false])
    for (const how of ["failed", "crashed"] as const) {
      const { old, candidate, execute, task, models, completed, dropped, workers, actor } = withOld();
      const fresh = candidate();
      fresh?.say({ type: "loaded", version: NEW });
      execute(task(0), task(1), task(2));
      fresh?.complete();
      fresh?.say({ type: how, text: "no such output" });
      assert.is(old.jobs.at(-1)?.sequence, 1);
      if (does) old.complete();
      else old.say({ type: "failed", text: "no frame" });
      const said = `${does} ${how}`;
      assert.equal([dropped(), completed()], does ? [[], [0, 1]] : [["1 serviceFailed"], [0]], said);
      const text = "a task failed that the version before does: no such output";
      assert.equal(models().at(-1), does ? ["0", "1", text] : ["1", null, undefined], said);
      // The next task is that of the worker whose version is in use.
      const next = does || how === "crashed" ? old : fresh;
      assert.is(next?.jobs.at(-1)?.sequence, 2, said);
      if (does) assert.is(fresh?.ended === null, false);
      assert.is(workers.alive().length, does || how === "crashed" ? 1 : 2);
      actor.advance(1_000);
    }
});

test("a new version waits while the machine has no memory or no place for another worker, and takes over where the old one dies", () => {
  const memory = { left: false };
  const { actor, old, candidate, execute, task, workers, completed } = withOld({
    hasMemory: () => memory.left,
  });
  assert.is(candidate(), undefined);
  memory.left = true;
  const placeless = candidate();
  placeless?.say({ type: "loaded", placeless: true });
  assert.equal([placeless?.ended, workers.alive()], ["stopped", [old]]);
  const fresh = candidate();
  execute(task(0));
  old.say({ type: "crashed", text: "boom" });
  actor.advance(1_000);
  fresh?.say({ type: "loaded", version: NEW });
  fresh?.complete();
  assert.equal([completed(), workers.alive()], [[0], [fresh]]);
});

test("all workers of a stage are replaced, each once its successor has loaded", () => {
  const { actor, old, candidate, execute, task, workers } = withOld({
    limits: { replicas: 2 },
    capacity: 64,
  });
  execute(...Array.from({ length: 40 }, (_, sequence) => task(sequence)));
  actor.advance(500);
  const second = workers.last();
  second.say({ type: "loaded", version: OLD });
  const fresh = candidate();
  fresh?.say({ type: "loaded", version: NEW });
  assert.is(fresh?.jobs.length, 0, "two run, as before");
  old.complete();
  for (let done = 0; done < 20; done += 1) fresh?.complete();
  assert.equal([old.ended, second.ended], ["stopped", null]);
  const successor = workers.last();
  assert.is(successor.spec.version, NEW);
  successor.say({ type: "loaded", version: NEW });
  assert.is(second.ended, null, "it has a task");
  second.complete();
  assert.is(second.ended, "stopped");
  assert.equal(workers.alive(), [fresh, successor]);
  assert.ok(fresh?.status === "busy" && successor.status === "busy");
});

test("a service with state is told that it begins anew where its model is another one", () => {
  const service = { ...modelled, name: "follow", stateful: true };
  const { candidate, execute, task, old, controller } = withOld({ service });
  execute(task(0), task(1));
  const fresh = candidate();
  fresh?.say({ type: "loaded", version: NEW });
  old.complete();
  fresh?.complete();
  execute(task(2));
  fresh?.complete();
  assert.equal(
    controller.all("stageCompleted").map(({ result }) => result.continuity),
    ["restarted", "restarted", "continued"],
  );
});

test("whatever becomes of new versions and workers, each task is answered once, in the order of its source", () => {
  const happenings = fc.array(
    fc.record({
      worker: fc.nat({ max: 3 }),
      what: fc.constantFrom("arrive", "arrive", "complete", "complete", "throw", "crash", "wait", "version"),
      source: fc.constantFrom("cam-1", "cam-2"),
    }),
    { maxLength: 120, size: "max" },
  );
  const shapes = fc.record({ replicas: fc.constantFrom(1, 2, 3), broken: fc.boolean() });
  fc.assert(
    fc.property(happenings, shapes, (history, { replicas, broken }) => {
      const { actor, controller, workers, execute, task } = setUp({
        service: modelled,
        capacity: 1_000,
        feedsState: true,
        limits: { replicas, growAfterMs: 1 },
      });
      let newest = 0;
      const load = (worker: (typeof workers.all)[number]) => {
        const version = Number(worker.spec.version?.[0] ?? newest);
        worker.say({ type: "loaded", version: String(version).repeat(64) });
      };
      // With `broken`, odd versions throw at each task.
      const isBad = (worker: (typeof workers.all)[number]) =>
        broken && Number(worker.spec.version?.[0] ?? 0) % 2 === 1;
      const finish = (worker: (typeof workers.all)[number]) =>
        isBad(worker) ? worker.say({ type: "failed", text: "bad" }) : worker.complete();
      const arrived = new Map<string, number>();
      for (const { worker: index, what, source } of history) {
        const worker = workers.alive()[index];
        if (worker?.status === "loading") load(worker);
        if (what === "arrive") {
          const sequence = arrived.get(source) ?? 0;
          arrived.set(source, sequence + 1);
          execute(task(sequence, { source }));
        } else if (what === "wait") actor.advance(300);
        else if (what === "version") {
          if (worker !== undefined && worker.status !== "loading") {
            if (newest < 9) newest += 1;
            worker.say({ type: "outdated", version: String(newest).repeat(64) });
          }
        } else if (worker?.status !== "busy") continue;
        else if (what === "complete") finish(worker);
        else if (what === "throw" && !broken) worker.say({ type: "failed", text: "no" });
        else if (what === "crash") worker.say({ type: "crashed", text: "boom" });
      }
      for (let round = 0; round < 60; round += 1) {
        actor.advance(1_000);
        for (const worker of workers.alive()) {
          if (worker.status === "loading") load(worker);
          while (worker.ended === null && worker.status === "busy") finish(worker);
        }
      }
      assertEachAnswered(controller, arrived);
    }),
    { numRuns: 150 },
  );
});

test.run();
