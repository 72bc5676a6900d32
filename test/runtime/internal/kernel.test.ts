import { dispatch, query, spawn as nactSpawn, stop as nactStop } from "nact";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { nodeSystem } from "../../../src/runtime/node-system.js";
import { createSteppedSystem } from "../../support/stepped-system.js";

/** A reference of stock nact to `path`, made of names. */
function nactRef(name: string, ...parts: string[]) {
  return { type: "actor", system: { name }, path: { parts } };
}

function recorder(received: unknown[]): Behaviour<null, unknown> {
  return {
    start: () => null,
    receive(state, message) {
      received.push(message);
      return state;
    },
  };
}

test("stock nact finds an actor of ours by name, dispatches to it and stops it with its children", () => {
  const { system, settle } = createSteppedSystem({ name: "kernel-a" });
  const received: unknown[] = [];
  const journal: string[] = [];
  const child: Behaviour<null, unknown> = { ...recorder(received), stop: () => void journal.push("child") };
  const parent: Behaviour<null, never> = {
    start(ctx) {
      ctx.spawn(child, { name: "child" });
      return null;
    },
    receive: (state) => state,
    stop: () => void journal.push("parent"),
  };
  system.spawn(parent, { name: "parent" });
  settle();
  dispatch(nactRef("kernel-a", "parent", "child"), "by nact");
  settle();
  assert.equal(received, ["by nact"]);
  nactStop(nactRef("kernel-a", "parent"));
  settle();
  assert.equal(journal, ["child", "parent"]);
});

test("stock nact's query to an actor of ours that is gone rejects", async () => {
  createSteppedSystem({ name: "kernel-b" });
  try {
    await query(nactRef("kernel-b", "nobody"), () => "question", 1_000);
    assert.unreachable();
  } catch (thrown) {
    assert.match((thrown as Error).message, "stopped or never existed");
  }
});

test("stock nact cannot put an actor of its own below one of ours", () => {
  const { system, settle } = createSteppedSystem({ name: "kernel-c" });
  system.spawn(recorder([]), { name: "parent" });
  settle();
  assert.throws(() => nactSpawn(nactRef("kernel-c", "parent"), () => 1, "child"), TypeError);
});

test("two systems of one name in a process are strangers", () => {
  const [first, second] = [createSteppedSystem({ name: "twin" }), createSteppedSystem({ name: "twin" })];
  const received: unknown[] = [];
  first.system.spawn(recorder(received), { name: "actor" });
  second.system.resolve("sluice://twin/actor").tell("lost");
  first.system.resolve("sluice://twin/actor").tell("found");
  first.settle();
  second.settle();
  assert.equal(received, ["found"]);
  assert.is(second.system.deadLetters.total, 1);
});

test("a system that is abandoned is found by nobody, runs no hook, and spawns nothing more", () => {
  const { system, settle } = createSteppedSystem({ name: "kernel-abandoned" });
  const journal: string[] = [];
  system.spawn({ ...recorder([]), stop: () => void journal.push("stopped") }, { name: "actor" });
  settle();
  nodeSystem(system).abandon();
  settle();
  assert.throws(
    () => nactSpawn(nactRef("kernel-abandoned"), () => {}, "child"),
    /stopped or never even existed/,
  );
  assert.throws(() => system.spawn(recorder([]), { name: "late" }), /terminating/);
  assert.equal(journal, []);
});

test.run();
