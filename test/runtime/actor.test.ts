import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseAddress } from "../../src/runtime/address.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { within } from "../support/within.js";
import { lettersOf, note, recorder, worker } from "../support/worker.js";

test("tell keeps the order of each lane and control overtakes data", () => {
  const { system, settle } = createSteppedSystem();
  const received: string[] = [];
  const ref = system.spawn(recorder(received), { name: "recorder" });
  for (const n of [1, 2, 3]) {
    ref.tell(`data ${n}`);
    ref.tell(`control ${n}`, "control");
  }
  assert.equal(received, [], "tell never runs the receiver");
  settle();
  assert.equal(received, ["control 1", "control 2", "control 3", "data 1", "data 2", "data 3"]);
});

test("tell takes undefined and null for messages", () => {
  const { system, settle } = createSteppedSystem();
  const received: unknown[] = [];
  const ref = system.spawn(recorder(received), { name: "recorder" });
  ref.tell(undefined);
  ref.tell(null);
  settle();
  assert.equal(received, [undefined, null]);
});

test("spawn runs start at the child's own turn, after the message in hand", () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const parent = system.spawn(worker(), { name: "parent" });
  parent.tell((ctx) => {
    ctx.spawn(worker(journal), { name: "child" });
    journal.push("spawned");
  });
  settle();
  assert.equal(journal, ["spawned", "child start"]);
});

test("spawn refuses the name of a sibling until that has stopped", () => {
  const { system, settle } = createSteppedSystem();
  const first = system.spawn(worker(), { name: "twice" });
  assert.throws(
    () => system.spawn(worker(), { name: "twice" }),
    (error: unknown) => error instanceof RuntimeError && error.code === "actor-name-taken",
  );
  void system.stop(first);
  settle();
  system.spawn(worker(), { name: "twice" });
});

test("spawn refuses invalid names and numbers, and leaves no trace of the actor", () => {
  const { system } = createSteppedSystem();
  for (const name of ["", "a/b", "a b", "ü", "a#1", "a".repeat(129)]) {
    assert.throws(() => system.spawn(worker(), { name }), RangeError);
  }
  assert.throws(() => system.spawn(worker(), { name: "a", mailbox: { capacity: 0 } }), RangeError);
  assert.throws(() => system.spawn(worker(), { name: "a", supervision: { intensity: -1 } }), RangeError);
  system.spawn(worker(), { name: "a" });
});

test("spawn refuses to nest deeper than an address can express, and a stop reaches that deep", async () => {
  const { system, settle } = createSteppedSystem();
  const journal: string[] = [];
  const nest: Behaviour<null, never> = {
    start(ctx) {
      journal.push(ctx.self.address);
      ctx.spawn(nest, { name: "n" });
      return null;
    },
    receive: (state) => state,
    stop: (_state, ctx) => void journal.push(ctx.self.address),
  };
  const top = system.spawn(nest, { name: "n", supervision: { intensity: 0 }, restart: "temporary" });
  settle();
  await within(1_000, system.stop(top));
  const depth = 64;
  assert.is(
    journal.filter((address) => parseAddress(address).path === `/n${"/n".repeat(depth - 1)}`).length,
    1,
  );
  assert.is(
    journal.length,
    depth + depth - 1,
    "all but the last one, whose start failed, had a state to release",
  );
});

test("a ref of a former incarnation reaches nobody, and a ref without one whoever has the name now", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const received: string[] = [];
  const former = system.spawn(recorder(received), { name: "reused" });
  const named = system.resolve<string>("sluice://test/reused");
  const formerByAddress = system.resolve<string>(former.address);
  named.tell("to the first");
  settle();
  void system.stop(former);
  const present = system.spawn(recorder(received), { name: "reused" });
  assert.is.not(present.address, former.address);
  former.tell("by ref");
  formerByAddress.tell("by address");
  system.resolve<string>(former.address).tell("by address resolved late");
  named.tell("to the second");
  system.resolve<string>(present.address).tell("to the second by address");
  settle();
  assert.equal(received, ["to the first", "to the second", "to the second by address"]);
  assert.equal(
    letters.map(({ message }) => message),
    ["by ref", "by address", "by address resolved late"],
  );
});

test("a ref survives JSON and reaches the same actor", () => {
  const { system, settle } = createSteppedSystem();
  const received: string[] = [];
  const ref = system.spawn(recorder(received), { name: "pen-pal" });
  const text = JSON.stringify({ replyTo: ref });
  assert.is(text, `{"replyTo":"${ref.address}"}`);
  const { replyTo } = JSON.parse(text) as { readonly replyTo: string };
  system.resolve<string>(replyTo).tell("hello");
  settle();
  assert.equal(received, ["hello"]);
});

test("a full mailbox rejects, drops the newest or the oldest, and counts each", () => {
  const wanted = {
    reject: { kept: [1, 2], letters: [3, 4], reason: "mailbox-full" },
    dropNewest: { kept: [1, 2], letters: [3, 4], reason: "mailbox-dropped" },
    dropOldest: { kept: [3, 4], letters: [1, 2], reason: "mailbox-dropped" },
  } as const;
  for (const overflow of ["reject", "dropNewest", "dropOldest"] as const) {
    const { system, settle } = createSteppedSystem();
    const letters = lettersOf(system);
    const received: number[] = [];
    const ref = system.spawn(recorder(received), { name: "small", mailbox: { capacity: 2, overflow } });
    for (const n of [1, 2, 3, 4]) ref.tell(n);
    settle();
    const { kept, reason, letters: lost } = wanted[overflow];
    assert.equal(received, [...kept]);
    assert.equal(
      letters.map((letter) => letter.message),
      [...lost],
    );
    assert.is(system.deadLetters.countByReason[reason], 2);
  }
});

test("messages left in the mailbox of a stopped actor are dead letters, and so is what comes after", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const ref = system.spawn(recorder<string>([]), { name: "gone" });
  ref.tell("left");
  void system.stop(ref);
  ref.tell("late");
  settle();
  assert.equal(
    letters.map(({ message, reason }) => [message, reason]),
    [
      ["left", "stopped"],
      ["late", "stopped"],
    ],
  );
});

test("10,000 actors spawned and stopped leave no name, timer or watcher behind", () => {
  const { system, clock, settle } = createSteppedSystem();
  const ticking: Behaviour<null, string> = {
    start(ctx) {
      ctx.every("tick", 10, "tick");
      ctx.watch(keeper, () => "gone");
      return null;
    },
    receive: (state) => state,
  };
  const keeper = system.spawn(worker(), { name: "keeper" });
  for (let round = 0; round < 100; round++) {
    const refs = Array.from({ length: 100 }, (_, n) => system.spawn(ticking, { name: `brief-${n}` }));
    settle();
    assert.is(clock.pending, 100);
    for (const ref of refs) void system.stop(ref);
  }
  settle();
  assert.is(clock.pending, 0);
});

test("tell keeps the order of each lane for messages from the actor itself, its start and its timers", () => {
  const { system, advance } = createSteppedSystem();
  const journal: string[] = [];
  const ref = system.spawn(
    worker([], {
      onStart(ctx) {
        ctx.after("soon", 0, note(journal, "timer"));
        ctx.self.tell((self) => {
          self.self.tell(note(journal, "data from within"));
          self.self.tell(note(journal, "control from within"), "control");
          journal.push("data from start");
        });
        ctx.self.tell(note(journal, "control from start"), "control");
      },
    }),
    { name: "self" },
  );
  ref.tell(note(journal, "data before start"));
  advance(1);
  assert.equal(journal, [
    "control from start",
    "data before start",
    "data from start",
    "control from within",
    "data from within",
    "timer",
  ]);
});

test.run();
