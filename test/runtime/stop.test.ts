import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour, StopReason } from "../../src/runtime/behaviour.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { createProbe } from "../support/probe.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { idle, lettersOf, note, type Work, worker } from "../support/worker.js";

test("ctx.stop of a child stops it at once, so that its name is free in the same message", () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const parent = system.spawn(worker(), { name: "parent" });
  parent.tell((ctx) => void ctx.spawn(worker(journal), { name: "child" }));
  settle();
  parent.tell((ctx) => {
    ctx.stop(ctx.resolve("sluice://test/parent/child"));
    ctx.spawn(worker(journal), { name: "child" });
  });
  settle();
  assert.equal(journal, ["child start", "child stopped after 0", "child start"]);
});

test("ctx.stop of oneself lets the message in hand finish and no other begin", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const journal: string[] = [];
  const ref = system.spawn(worker(journal), { name: "self" });
  ref.tell((ctx) => {
    ctx.stop(ctx.self);
    journal.push("finished");
  });
  const second: Work = () => journal.push("never");
  ref.tell(second);
  settle();
  assert.equal(journal, ["self start", "finished", "self stopped after 1"]);
  assert.equal(letters, [{ target: ref.address, message: second, reason: "stopped" }]);
});

test("ctx.stop of oneself in start ends the actor before its first message", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const journal: string[] = [];
  const ref = system.spawn(worker(journal, { onStart: (ctx) => ctx.stop(ctx.self) }), { name: "brief" });
  ref.tell(() => journal.push("never"));
  settle();
  assert.equal(journal, ["brief start", "brief stopped after 0"]);
  assert.is(letters.length, 1);
});

test("a stop that another orders within its own turn is for good, whatever its type and even if it throws", () => {
  for (const goesOn of [() => {}, () => assert.unreachable("wanted")]) {
    const { system, advance } = createSteppedSystem();
    const journal: string[] = [];
    const ref = system.spawn(worker(journal), { name: "doomed", restart: "permanent" });
    ref.tell(() => {
      void system.stop(ref);
      goesOn();
    });
    advance(100);
    assert.is(journal.length, 2);
    assert.match(journal[1] ?? "", "doomed stopped");
  }
});

test("ctx.stop of an actor that is no child fails the caller", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const other = system.spawn(worker(), { name: "other" });
  const meddler = system.spawn(worker(), { name: "meddler", restart: "temporary" });
  meddler.tell((ctx) => ctx.stop(other));
  settle();
  assert.is(letters[0]?.reason, "failed");
  const received: string[] = [];
  other.tell(() => received.push("alive"));
  settle();
  assert.equal(received, ["alive"]);
});

test("stop goes down the tree, children first and the youngest of them first", async () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const grow =
    (depth: number): Work =>
    (ctx) => {
      if (depth === 0) return;
      for (const side of ["l", "r"])
        ctx.spawn(worker(journal, { onStart: grow(depth - 1) }), { name: `${ctx.name}${side}` });
    };
  const top = system.spawn(worker(journal, { onStart: grow(2) }), { name: "t" });
  settle();
  journal.length = 0;
  const stopped = system.stop(top);
  settle();
  await stopped;
  assert.equal(
    journal.map((line) => line.split(" ")[0]),
    ["trr", "trl", "tr", "tlr", "tll", "tl", "t"],
  );
});

test("stop ordered from below waits until the actor that ordered it is done", () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const parent = system.spawn(
    worker(journal, {
      onStart(ctx) {
        ctx.spawn(worker(journal), { name: "child" }).tell(() => {
          void system.stop(parent);
          journal.push("child goes on");
        });
      },
    }),
    { name: "parent" },
  );
  settle();
  assert.equal(journal, [
    "parent start",
    "child start",
    "child goes on",
    "child stopped after 1",
    "parent stopped after 0",
  ]);
});

test("stop before the first turn starts nothing and runs no hook", () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  void system.stop(system.spawn(worker(journal), { name: "brief" }));
  settle();
  assert.equal(journal, []);
});

test("stop is idempotent and its hook runs once", async () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const ref = system.spawn(worker(journal), { name: "once" });
  settle();
  const both = Promise.all([system.stop(ref), system.stop(ref)]);
  settle();
  await both;
  const again = system.stop(ref);
  settle();
  await again;
  assert.equal(journal, ["once start", "once stopped after 0"]);
});

test("a stop hook that throws, tells and spawns does no harm", () => {
  const { system, settle } = createSteppedSystem();
  const neighbour = createProbe<string>();
  const spawnErrors: unknown[] = [];
  const behaviour: Behaviour<null, string> = {
    start: () => null,
    receive: (state) => state,
    stop(_state, ctx, reason: StopReason) {
      neighbour.tell(reason);
      ctx.self.tell("too late");
      ctx.after("key", 1, "never");
      try {
        ctx.spawn(worker(), { name: "orphan" });
      } catch (thrown) {
        spawnErrors.push(thrown);
      }
      throw new Error("hook");
    },
  };
  const ref = system.spawn(behaviour, { name: "thrower" });
  settle();
  void system.stop(ref);
  settle();
  assert.equal(neighbour.received, ["stopped"]);
  assert.is(system.deadLetters.countByReason.stopped, 1);
  const [error] = spawnErrors;
  assert.ok(error instanceof RuntimeError && error.code === "actor-stopped");
});

test("a stop hook may tell and ask, and whatever else it starts comes to nothing", () => {
  const { system, settle, clock } = createSteppedSystem();
  const journal: string[] = [];
  const sink = system.spawn(worker(journal), { name: "sink" });
  const ref = system.spawn(
    worker(journal, {
      onStop(ctx) {
        sink.tell(note(journal, "sent by the hook"));
        ctx.after("late", 1, note(journal, "timer after the end"));
        ctx.every("later", 1, note(journal, "tick after the end"));
        ctx.watch(sink, () => note(journal, "event after the end"));
        ctx.stash(note(journal, "stash after the end"));
        ctx.unstashAll();
        ctx.ask<Work, string>(
          sink,
          (replyTo) => () => replyTo.tell("answer"),
          () => note(journal, "answer after the end"),
        );
        ctx.stop(ctx.self);
        assert.throws(() => ctx.spawn(idle, { name: "orphan" }), /has stopped/);
        throw new Error("last word");
      },
    }),
    { name: "a" },
  );
  settle();
  void system.stop(ref);
  settle();
  void system.stop(sink);
  settle();
  assert.equal(journal, [
    "sink start",
    "a start",
    "a stopped after 0",
    "sent by the hook",
    "sink stopped after 2",
  ]);
  assert.is(clock.pending, 0);
});

test("ctx.stop of a child that is gone already does nothing, whatever kind of ref leads to it", () => {
  const { system, settle } = createSteppedSystem();
  const failures: unknown[] = [];
  const parent = system.spawn(
    worker([], {
      onStart(ctx) {
        const named = ctx.resolve<unknown>("sluice://test/parent/child");
        const ref = ctx.spawn(idle, { name: "child" });
        ctx.stop(named);
        for (const target of [named, ref, ctx.resolve<unknown>(ref.address)]) {
          try {
            ctx.stop(target);
          } catch (thrown) {
            failures.push(thrown);
          }
        }
      },
    }),
    { name: "parent" },
  );
  settle();
  assert.equal(failures, []);
  assert.is(parent.address.startsWith("sluice://test/parent#"), true);
});

test.run();
