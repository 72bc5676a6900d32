import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour, Context, StopReason, Terminated } from "../../src/runtime/behaviour.js";
import type { DeadLetter } from "../../src/runtime/dead-letters.js";
import { parseAddress } from "../../src/runtime/address.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { within } from "../support/within.js";
import { createProbe } from "../support/probe.js";

type Work = (ctx: Context<Work>) => void;

/** Does what it is told, and writes down its life. */
function worker(journal: string[] = [], onStart?: Work): Behaviour<number, Work> {
  return {
    start(ctx) {
      journal.push(`${ctx.name} start`);
      onStart?.(ctx);
      return 0;
    },
    receive(count, work, ctx) {
      work(ctx);
      return count + 1;
    },
    stop(count, ctx, reason) {
      journal.push(`${ctx.name} ${reason} after ${count}`);
    },
  };
}

/** Writes down every message. */
function recorder<Message>(received: Message[]): Behaviour<null, Message> {
  return {
    start: () => null,
    receive(state, message) {
      received.push(message);
      return state;
    },
  };
}

function lettersOf(system: ReturnType<typeof createSteppedSystem>["system"]): DeadLetter[] {
  const letters: DeadLetter[] = [];
  system.deadLetters.subscribe((letter) => letters.push(letter));
  return letters;
}

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

test("spawn refuses a name that a living sibling has, and a free one again after stop", () => {
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

test("spawn refuses bad names and bad figures, and leaves no trace of the actor", () => {
  const { system } = createSteppedSystem();
  for (const name of ["", "a/b", "a b", "ü", "a#1", "a".repeat(129)]) {
    assert.throws(() => system.spawn(worker(), { name }), RangeError);
  }
  assert.throws(() => system.spawn(worker(), { name: "a", mailbox: { capacity: 0 } }), RangeError);
  assert.throws(() => system.spawn(worker(), { name: "a", supervision: { intensity: -1 } }), RangeError);
  system.spawn(worker(), { name: "a" });
});

test("spawn refuses to nest deeper than an address can say, and stops what is nested so deep", async () => {
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
  const ref = system.spawn(
    worker(journal, (ctx) => ctx.stop(ctx.self)),
    { name: "brief" },
  );
  ref.tell(() => journal.push("never"));
  settle();
  assert.equal(journal, ["brief start", "brief stopped after 0"]);
  assert.is(letters.length, 1);
});

test("a stop that others ordered from inside its own turn is for good, whatever its type and even if it throws", () => {
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
        ctx.spawn(worker(journal, grow(depth - 1)), { name: `${ctx.name}${side}` });
    };
  const top = system.spawn(worker(journal, grow(2)), { name: "t" });
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
    worker(journal, (ctx) => {
      ctx.spawn(worker(journal), { name: "child" }).tell(() => {
        void system.stop(parent);
        journal.push("child goes on");
      });
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

test("a stop hook that throws, tells and spawns hurts nobody", () => {
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

test("a ref of a former incarnation reaches nobody, and a ref without one whoever has the name now", () => {
  const { system, settle } = createSteppedSystem();
  const letters = lettersOf(system);
  const received: string[] = [];
  const former = system.spawn(recorder(received), { name: "phoenix" });
  const named = system.resolve<string>("sluice://test/phoenix");
  const formerByAddress = system.resolve<string>(former.address);
  named.tell("to the first");
  settle();
  void system.stop(former);
  const present = system.spawn(recorder(received), { name: "phoenix" });
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

test("ctx.after and ctx.every tell in time, replace by key and end when cancelled", () => {
  const { system, advance } = createSteppedSystem();
  const received: [string, number][] = [];
  const behaviour: Behaviour<null, string> = {
    start(ctx) {
      ctx.after("once", 5, "replaced");
      ctx.after("once", 10, "once");
      ctx.every("tick", 20, "tick");
      ctx.after("cancelled", 1, "never");
      ctx.cancel("cancelled");
      return null;
    },
    receive(state, message, ctx) {
      received.push([message, ctx.now()]);
      if (ctx.now() === 60) ctx.cancel("tick");
      return state;
    },
  };
  system.spawn(behaviour, { name: "clock" });
  advance(100);
  assert.equal(received, [
    ["once", 10],
    ["tick", 20],
    ["tick", 40],
    ["tick", 60],
  ]);
});

test("a timer cancelled after it fell due is not told, and ticks missed while busy are one", () => {
  const { system, clock, settle } = createSteppedSystem();
  const received: string[] = [];
  const behaviour: Behaviour<null, string> = {
    start(ctx) {
      ctx.every("tick", 10, "tick");
      ctx.after("late", 10, "late");
      return null;
    },
    receive(state, message, ctx) {
      received.push(message);
      ctx.cancel("late");
      return state;
    },
  };
  system.spawn(behaviour, { name: "busy" });
  settle();
  clock.advance(55);
  settle();
  assert.equal(received, ["tick"], "five ticks fell due, and the cancelled one came after them");
});

test("timers end with the state that set them", () => {
  const { system, advance, settle } = createSteppedSystem();
  const received: string[] = [];
  let starts = 0;
  const behaviour: Behaviour<null, string> = {
    start(ctx) {
      starts += 1;
      ctx.every("tick", 50, `tick of ${starts}`);
      return null;
    },
    receive(state, message) {
      if (message === "fail") throw new Error("wanted");
      received.push(message);
      return state;
    },
  };
  const ref = system.spawn(behaviour, { name: "mortal" });
  ref.tell("fail");
  advance(120);
  assert.equal(received, ["tick of 2", "tick of 2"].slice(0, received.length));
  assert.ok(received.length >= 1);
  void system.stop(ref);
  const told = received.length;
  settle();
  advance(200);
  assert.is(received.length, told);
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

test("ctx.watch tells once when the actor is gone, and soon where it was gone before", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const mortal = system.spawn(worker(), { name: "mortal" });
  const named = system.resolve<Work>("sluice://test/mortal");
  type Message = Terminated | { readonly watch: ActorRef<never> };
  const watcher = system.spawn<null, Message>(
    {
      start: () => null,
      receive(state, message, ctx) {
        if ("watch" in message) ctx.watch(message.watch, (event) => event);
        else events.push(message);
        return state;
      },
    },
    { name: "watcher" },
  );
  watcher.tell({ watch: mortal });
  watcher.tell({ watch: mortal });
  watcher.tell({ watch: named });
  settle();
  assert.equal(events, []);
  void system.stop(mortal);
  settle();
  const stopped = [mortal, named].map(({ address }) => ({ address, reason: "stopped" as const }));
  assert.equal(events, stopped, "a second watch of the same ref is one");
  watcher.tell({ watch: mortal });
  settle();
  assert.equal(events.length, 3);
});

test("ctx.unwatch keeps the event away even where it is under way, and a restart ends all watches", () => {
  const { system, advance, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const [first, second] = [1, 2].map((n) => system.spawn(worker(), { name: `mortal-${n}` }));
  assert.ok(first !== undefined && second !== undefined);
  type Message = Terminated | "watch" | "unwatch" | "fail";
  const watcher = system.spawn<null, Message>(
    {
      start: () => null,
      receive(state, message, ctx) {
        if (message === "watch") for (const ref of [first, second]) ctx.watch(ref, (event) => event);
        else if (message === "unwatch") {
          void system.stop(first);
          ctx.unwatch(first);
        } else if (message === "fail") throw new Error("wanted");
        else events.push(message);
        return state;
      },
    },
    { name: "watcher" },
  );
  watcher.tell("watch");
  watcher.tell("unwatch");
  watcher.tell("fail");
  advance(50);
  void system.stop(second);
  settle();
  assert.equal(events, []);
});

test("system.watch tells failures apart from stops", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const ref = system.spawn(worker(), { name: "fragile", restart: "temporary" });
  system.watch(ref, (event) => events.push(event));
  system.watch(ref, (event) => events.push(event))();
  ref.tell(() => {
    throw new Error("wanted");
  });
  settle();
  assert.equal(events, [{ address: ref.address, reason: "failed" }]);
});

test("system.watch of an actor that is gone tells nobody where the watch is ended first", () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(worker(), { name: "gone" });
  void system.stop(ref);
  let told = 0;
  system.watch(ref, () => (told += 1));
  system.watch(ref, () => (told += 100))();
  settle();
  assert.is(told, 1);
});

test("system.watch of an actor of another node is unreachable while no way leads there", () => {
  const { system, settle } = createSteppedSystem();
  const events: Terminated[] = [];
  const remote = system.resolve<string>("sluice://elsewhere/actor");
  system.watch(remote, (event) => events.push(event));
  assert.equal(events, [], "never before watch returns");
  settle();
  assert.equal(events, [{ address: "sluice://elsewhere/actor", reason: "unreachable" }]);
  remote.tell("nobody");
  assert.is(system.deadLetters.countByReason.unreachable, 1);
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

test.run();
