import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { RuntimeError } from "../../../src/runtime/errors.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { after10ms, fail, note, type Work, worker } from "../../support/worker.js";
import { child, family } from "./family.js";

test("supervisor escalates once the intensity is spent: the parent fails with all its children", () => {
  const { refs, journal, ended, advance } = family("oneForOne", { a: "transient", b: "transient" });
  for (let failures = 0; failures < 3; failures++) {
    refs["a"]?.tell("fail");
    advance(20);
  }
  assert.equal(journal, [
    "restarting a",
    "start a",
    "restarting a",
    "start a",
    "stopped a",
    "stopped b",
    "stopped parent",
  ]);
  assert.equal(
    ended.map(({ address, reason }) => `${address} ${reason}`),
    ["sluice://test/parent/a failed", "sluice://test/parent/b stopped"],
  );
});

test("supervisor counts restarts per child with oneForOne and of the group with allForOne", () => {
  for (const [strategy, survives] of [
    ["oneForOne", true],
    ["allForOne", false],
  ] as const) {
    const { refs, journal, advance } = family(strategy, { a: "transient", b: "transient" });
    for (const name of ["a", "b", "a", "b"]) {
      refs[name]?.tell("fail");
      advance(20);
    }
    assert.is(journal.includes("stopped parent"), !survives);
  }
});

test("supervisor restarts a child whose start fails, and escalates when it keeps failing", () => {
  const failures: string[] = [];
  let starts = 0;
  const { system, advance } = createSteppedSystem({
    supervision: after10ms,
    onFailure: (error) => failures.push(error.message),
  });
  const behaviour: Behaviour<null, string> = {
    start(ctx) {
      starts += 1;
      ctx.every("leak", 1, "tick");
      throw new Error("no start");
    },
    receive: (state) => state,
    stop: () => failures.push("stop of a state that was never made"),
  };
  system.spawn(behaviour, { name: "stillborn" });
  advance(100);
  assert.is(starts, 3);
  assert.equal(failures, ['Cannot restart "/stillborn" again: 2 restarts within 1000 ms are spent']);
});

test("a failure beyond the root guardian stops all actors and is reported with its cause", () => {
  const failures: Error[] = [];
  const { system, settle } = createSteppedSystem({
    supervision: { intensity: 0 },
    onFailure: (error) => failures.push(error),
  });
  const journal: string[] = [];
  system.spawn(child(journal), { name: "bystander" });
  system.spawn(child(journal), { name: "culprit" }).tell("fail");
  settle();
  const [failure] = failures;
  assert.ok(failure instanceof RuntimeError && failure.code === "supervision-exhausted");
  assert.ok(failure.cause instanceof Error && failure.cause.message === "culprit was asked to");
  assert.equal(journal.slice(2), ["stopped culprit", "stopped bystander"]);
});

test("a failure listener that throws stops no other system's work", () => {
  const { system, settle } = createSteppedSystem({
    supervision: { intensity: 0 },
    onFailure() {
      throw new Error("listener");
    },
  });
  const journal: string[] = [];
  system.spawn(child(journal), { name: "culprit" }).tell("fail");
  settle();
  system.spawn(child(journal), { name: "next" }).tell({ note: "alive" });
  settle();
  assert.equal(journal.at(-1), "next has alive");
});

test("a group that was restarted by its parent's supervisor has its full intensity again", () => {
  const journal: string[] = [];
  const { system, settle, advance } = createSteppedSystem({ supervision: after10ms });
  const parent = worker(journal, { onStart: (ctx) => void ctx.spawn(worker(journal), { name: "child" }) });
  system.spawn(parent, { name: "parent", supervision: { ...after10ms, strategy: "allForOne" } });
  const failOnce = (): void => {
    system.resolve<Work>("sluice://test/parent/child").tell(fail);
    advance(20);
  };
  settle();
  for (let failures = 0; failures < 3; failures++) failOnce();
  assert.is(journal.filter((line) => line === "parent start").length, 2, "three failures are one too many");
  failOnce();
  assert.is(journal.filter((line) => line === "parent start").length, 2, "one more is within the intensity");
  assert.equal(journal.slice(-2), ["child restarting after 0", "child start"]);
});

test("escalation goes up three levels, each of which stops what is below it first", () => {
  const failures: Error[] = [];
  const journal: string[] = [];
  const none = { supervision: { intensity: 0 } };
  const { system, settle } = createSteppedSystem({ ...none, onFailure: (error) => failures.push(error) });
  const nest =
    (depth: number): Work =>
    (ctx) => {
      if (depth === 0) return;
      ctx.spawn(worker(journal, { onStart: nest(depth - 1) }), { name: `level-${depth}`, ...none });
    };
  system.spawn(worker(journal, { onStart: nest(3) }), { name: "top", ...none });
  settle();
  journal.length = 0;
  system.resolve<Work>("sluice://test/top/level-3/level-2/level-1").tell(fail);
  settle();
  assert.equal(journal, [
    "level-1 stopped after 0",
    "level-2 stopped after 0",
    "level-3 stopped after 0",
    "top stopped after 0",
  ]);
  const chain: string[] = [];
  for (let error: unknown = failures[0]; error instanceof Error; error = error.cause)
    chain.push(error.message);
  assert.is(chain.length, 5, chain.join("\n"));
  assert.is(chain.at(-1), "level-1 was asked to");
  assert.is(failures.length, 1);
});

test("a child that fails in start at its first restart tries again, and keeps its mailbox through it", () => {
  const journal: string[] = [];
  let starts = 0;
  const { system, advance } = createSteppedSystem({ supervision: after10ms });
  const ref = system.spawn(
    worker(journal, {
      onStart() {
        starts += 1;
        if (starts === 2) throw new Error("not yet");
      },
    }),
    { name: "a" },
  );
  ref.tell(fail);
  ref.tell(note(journal, "kept"));
  advance(20);
  assert.equal(journal, ["a start", "a restarting after 0", "a start", "a start", "kept"]);
});

test.run();
