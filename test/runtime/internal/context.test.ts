import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour, Context } from "../../../src/runtime/behaviour.js";
import { RuntimeError } from "../../../src/runtime/errors.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { after10ms, fail, idle, lettersOf, note, type Work, worker } from "../../support/worker.js";

test("ctx.stash puts messages aside and ctx.unstashAll brings them back first, oldest first", () => {
  const { system, settle } = createSteppedSystem();
  const handled: string[] = [];
  const behaviour: Behaviour<"closed" | "open", string> = {
    start: () => "closed",
    receive(state, message, ctx) {
      if (message === "open") {
        ctx.unstashAll();
        return "open";
      }
      if (state === "closed") ctx.stash(message);
      else handled.push(message);
      return state;
    },
  };
  const ref = system.spawn(behaviour, { name: "door" });
  for (const message of ["a", "b", "open", "c"]) ref.tell(message);
  settle();
  assert.equal(handled, ["a", "b", "c"]);
});

test("ctx.stash beyond the capacity of the mailbox, and what a state leaves in it, are dead letters", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const behaviour: Behaviour<null, number> = {
    start: () => null,
    receive(state, message, ctx) {
      ctx.stash(message);
      return state;
    },
  };
  const ref = system.spawn(behaviour, { name: "hoarder", mailbox: { capacity: 2 } });
  for (const n of [1, 2, 3]) {
    ref.tell(n);
    settle();
  }
  void system.stop(ref);
  assert.equal(
    letters.map(({ message, reason }) => [message, reason]),
    [
      [3, "mailbox-full"],
      [1, "stale"],
      [2, "stale"],
    ],
  );
});

test("ctx.pipe tells the outcome, and a result for a former state is a dead letter instead", async () => {
  const { system, advance, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const received: unknown[] = [];
  const works: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  type Message = { readonly type: "work" | "fail" } | { readonly type: "done"; readonly result: unknown };
  const behaviour: Behaviour<null, Message> = {
    start: () => null,
    receive(state, message, ctx) {
      switch (message.type) {
        case "work":
          ctx.pipe(new Promise<string>((resolve, reject) => works.push({ resolve, reject })), (result) => ({
            type: "done",
            result: result.ok ? result.reply : result.error.message,
          }));
          break;
        case "fail":
          throw new Error("wanted");
        case "done":
          received.push(message.result);
          break;
      }
      return state;
    },
  };
  const ref = system.spawn(behaviour, { name: "piper" });
  ref.tell({ type: "work" });
  ref.tell({ type: "work" });
  ref.tell({ type: "work" });
  settle();
  works[0]?.resolve("good");
  works[1]?.reject(new Error("bad"));
  await Promise.resolve();
  settle();
  assert.equal(received, ["good", "bad"]);
  ref.tell({ type: "work" });
  settle();
  ref.tell({ type: "fail" });
  works[2]?.resolve("behind the failure");
  await Promise.resolve();
  advance(100);
  works[3]?.resolve("after the restart");
  await Promise.resolve();
  settle();
  assert.equal(received, ["good", "bad"]);
  const late = ["behind the failure", "after the restart"].map((reply) => ({
    target: ref.address,
    message: { ok: true, reply },
    reason: "stale",
  }));
  assert.equal(letters.slice(1), late);
});

test("the context of a state that has ended does nothing, even if the actor goes on in a new one", () => {
  const { system, advance, clock } = createSteppedSystem({ supervision: after10ms });
  const journal: string[] = [];
  const contexts: Context<Work>[] = [];
  const ref = system.spawn(worker(journal, { onStart: (ctx) => void contexts.push(ctx) }), { name: "a" });
  ref.tell(fail);
  advance(20);
  const [former] = contexts;
  assert.ok(former !== undefined && contexts.length === 2);
  former.after("timer", 1, note(journal, "timer"));
  former.watch(ref, () => note(journal, "watch"));
  former.stash(note(journal, "stash"));
  former.unstashAll();
  former.unwatch(ref);
  former.cancel("timer");
  former.ask<Work, string>(
    ref,
    () => note(journal, "asked"),
    () => note(journal, "answered"),
  );
  former.stop(former.self);
  assert.throws(
    () => former.spawn(idle, { name: "child" }),
    (error: unknown) => error instanceof RuntimeError && error.code === "actor-stopped",
  );
  advance(20);
  assert.equal(journal, ["a start", "a restarting after 0", "a start"]);
  assert.is(clock.pending, 0);
});

test("a message that was stashed and then failed on is one dead letter", () => {
  const { system, advance } = createSteppedSystem({ supervision: after10ms });
  const ref = system.spawn<null, string>(
    {
      start: () => null,
      receive(_state, message, ctx) {
        ctx.stash(message);
        throw new Error("stashed and failed");
      },
    },
    { name: "a" },
  );
  ref.tell("once");
  advance(20);
  assert.is(system.deadLetters.total, 1);
});

test("ctx.unstashAll into a full mailbox loses nothing of stash or mailbox", () => {
  const { system, settle } = createSteppedSystem();
  const handled: (number | "open")[] = [];
  const ref = system.spawn<"shut" | "open", number | "open">(
    {
      start: () => "shut",
      receive(state, message, ctx) {
        if (message === "open") {
          ctx.unstashAll();
          return "open";
        }
        if (state === "open") handled.push(message);
        else ctx.stash(message);
        return state;
      },
    },
    { name: "a", mailbox: { capacity: 3 } },
  );
  for (const n of [1, 2, 3]) ref.tell(n);
  settle();
  ref.tell("open", "control");
  for (const n of [4, 5, 6, 7]) ref.tell(n);
  settle();
  assert.equal(handled, [1, 2, 3, 4, 5, 6]);
  assert.equal(system.deadLetters.countByReason["mailbox-full"], 1);
});

test.run();
