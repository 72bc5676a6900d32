import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { nodeSystem } from "../../src/runtime/node-system.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { rejection } from "../support/rejection.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { within } from "../support/within.js";
import { idle } from "../support/worker.js";

test("ActorSystem.terminate fails the asks that nobody answered, so that no timer keeps the process alive", async () => {
  const { system, settle, clock } = createSteppedSystem();
  const asked = system.ask<unknown, never>(system.spawn(idle, { name: "mute" }), () => "question", {
    timeoutMs: 3_600_000,
  });
  settle();
  const terminated = system.terminate();
  const error = await rejection(asked);
  await within(1_000, terminated);
  assert.equal([error.code, clock.pending], ["actor-stopped", 0]);
});

test("NodeSystem.actors tells the tree, what waits for each, and how often each has started again", () => {
  const { system, settle, advance } = createSteppedSystem();
  const fragile: Behaviour<null, "fail"> = {
    start(ctx) {
      ctx.spawn(idle, { name: "below" });
      return null;
    },
    receive() {
      throw new Error("as told");
    },
  };
  const top = system.spawn(fragile, { name: "top" });
  system.spawn(idle, { name: "beside" });
  settle();
  top.tell("fail");
  settle();
  const tree = (actorsMax: number) => nodeSystem(system).actors(actorsMax);
  top.tell("fail");
  assert.equal(tree(9), {
    actors: [
      { path: "/top", status: "waiting", waiting: 1, restarts: 1 },
      { path: "/beside", status: "running", waiting: 0, restarts: 0 },
    ],
    left: 0,
  });
  advance(60_000);
  const [first, below] = tree(9).actors;
  assert.equal([first?.restarts, below?.path], [2, "/top/below"]);
  assert.is(tree(1).left, 2);
});

test("ActorSystem.terminate ends an actor that floods itself, on the event loop too", async () => {
  const live = createActorSystem({ name: "flood", log: silentLogger });
  let handled = 0;
  const flood: Behaviour<null, null> = {
    start(ctx) {
      ctx.self.tell(null);
      return null;
    },
    receive(state, message, ctx) {
      handled += 1;
      ctx.self.tell(message);
      ctx.self.tell(message, "control");
      return state;
    },
  };
  live.spawn(flood, { name: "flood", mailbox: { capacity: 100, controlCapacity: 100 } });
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(handled > 0);
  const both = Promise.all([live.terminate(), live.terminate()]);
  await within(1_000, both);
  const atEnd = handled;
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(handled, atEnd);
  await within(1_000, live.terminate());
});

test("ActorSystem.terminate stops all actors in its phase, refuses new ones and can be called twice", async () => {
  const system = createActorSystem({ name: "short-lived", log: silentLogger });
  const journal: string[] = [];
  system.spawn<null, never>(
    {
      start: () => null,
      receive: (state) => state,
      stop: () => void journal.push("actor"),
    },
    { name: "actor" },
  );
  system.shutdown.addTask({ phase: "drain", name: "before", run: () => void journal.push("drain") });
  system.shutdown.addTask({ phase: "close", name: "after", run: () => void journal.push("close") });
  await new Promise((resolve) => setImmediate(resolve));
  await within(1_000, Promise.all([system.terminate(), system.terminate()]));
  assert.equal(journal, ["drain", "actor", "close"]);
  assert.throws(
    () => system.spawn({ start: () => null, receive: (state: null) => state }, { name: "late" }),
    (error: unknown) => error instanceof RuntimeError && error.code === "actor-stopped",
  );
});

test.run();
