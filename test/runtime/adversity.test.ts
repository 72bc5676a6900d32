/** What an unkind program does to actors: every hook and every moment at which a life can change. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour, Context, Terminated } from "../../src/runtime/behaviour.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import { registryKey, type Listing } from "../../src/runtime/registry.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { SupervisionPolicy } from "../../src/runtime/spawn-options.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { within } from "../support/within.js";

type Work = (ctx: Context<Work>) => void;

interface Life {
  readonly onStart?: Work;
  readonly onStop?: Work;
}

/** Does what it is told, and writes down its life. */
function worker(journal: string[] = [], { onStart, onStop }: Life = {}): Behaviour<null, Work> {
  return {
    start(ctx) {
      journal.push(`start ${ctx.name}`);
      onStart?.(ctx);
      return null;
    },
    receive(state, work, ctx) {
      work(ctx);
      return state;
    },
    stop(_state, ctx, reason) {
      journal.push(`${reason} ${ctx.name}`);
      onStop?.(ctx);
    },
  };
}

const fail: Work = (ctx) => {
  throw new Error(`${ctx.name} was told to`);
};
const idle: Behaviour<null, unknown> = { start: () => null, receive: (state) => state };

const after10ms: Partial<SupervisionPolicy> = {
  intensity: 2,
  periodMs: 1_000,
  backoff: { minMs: 10, maxMs: 10, factor: 1, jitter: 0 },
};

function note(journal: string[], text: string): Work {
  return () => void journal.push(text);
}

/** Runs `promise`, which settles once the system has nothing left to do, to its error. */
async function rejection(promise: Promise<unknown>): Promise<RuntimeError> {
  const outcome = await within(
    1_000,
    promise.then(
      () => new Error("It resolved"),
      (thrown: unknown) => thrown,
    ),
  );
  assert.instance(outcome, RuntimeError);
  return outcome as RuntimeError;
}

test("tell keeps the order of each lane for messages told from within, by hooks and by timers", () => {
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
  ref.tell(note(journal, "data told before start"));
  advance(1);
  assert.equal(journal, [
    "control from start",
    "data told before start",
    "data from start",
    "control from within",
    "data from within",
    "timer",
  ]);
});

test("a group that was restarted by its parent's supervisor has all its restarts again", () => {
  const journal: string[] = [];
  const { system, settle, advance } = createSteppedSystem({ supervision: after10ms });
  const family: Behaviour<null, never> = {
    start(ctx) {
      journal.push("start parent");
      ctx.spawn(worker(journal), { name: "child" });
      return null;
    },
    receive: (state) => state,
  };
  system.spawn(family, { name: "parent", supervision: { ...after10ms, strategy: "allForOne" } });
  const failOnce = (): void => {
    system.resolve<Work>("sluice://test/parent/child").tell(fail);
    advance(20);
  };
  settle();
  for (let failures = 0; failures < 3; failures++) failOnce();
  assert.is(journal.filter((line) => line === "start parent").length, 2, "three failures were one too many");
  failOnce();
  assert.is(journal.filter((line) => line === "start parent").length, 2, "one more is within the intensity");
  assert.equal(journal.slice(-2), ["restarting child", "start child"]);
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
  assert.equal(journal, ["stopped level-1", "stopped level-2", "stopped level-3", "stopped top"]);
  const chain: string[] = [];
  for (let error: unknown = failures[0]; error instanceof Error; error = error.cause)
    chain.push(error.message);
  assert.is(chain.length, 5, chain.join("\n"));
  assert.is(chain.at(-1), "level-1 was told to");
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
  assert.equal(journal, ["start a", "restarting a", "start a", "start a", "kept"]);
});

test("allForOne takes a sibling that is stopped during the group's backoff out of the restart", () => {
  const journal: string[] = [];
  const { system, settle, advance } = createSteppedSystem();
  const parent = system.spawn(
    worker([], {
      onStart(ctx) {
        for (const name of ["a", "b", "c"]) ctx.spawn(worker(journal), { name });
      },
    }),
    { name: "parent", supervision: { ...after10ms, strategy: "allForOne" } },
  );
  settle();
  system.resolve<Work>("sluice://test/parent/b").tell(fail);
  settle();
  parent.tell((ctx) => {
    ctx.stop(ctx.resolve("sluice://test/parent/a"));
    ctx.spawn(worker(journal), { name: "a" });
  });
  settle();
  journal.length = 0;
  advance(20);
  assert.equal(journal, ["start b", "start c"]);
});

test("a stop hook may tell, and what it spawns, watches, sets, stashes or asks comes to nothing", () => {
  const { system, settle, clock } = createSteppedSystem();
  const journal: string[] = [];
  const sink = system.spawn(worker(journal), { name: "sink" });
  const ref = system.spawn(
    worker(journal, {
      onStop(ctx) {
        sink.tell(note(journal, "told by the hook"));
        ctx.after("late", 1, note(journal, "timer of the dead"));
        ctx.every("later", 1, note(journal, "tick of the dead"));
        ctx.watch(sink, () => note(journal, "event of the dead"));
        ctx.stash(note(journal, "stash of the dead"));
        ctx.unstashAll();
        ctx.ask<Work, string>(
          sink,
          (replyTo) => () => replyTo.tell("answer"),
          () => note(journal, "answer to the dead"),
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
  assert.equal(journal, ["start sink", "start a", "stopped a", "told by the hook", "stopped sink"]);
  assert.is(clock.pending, 0);
});

test("the context of a state that has ended does nothing, also when the actor lives on in a new one", () => {
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
  assert.equal(journal, ["start a", "restarting a", "start a"]);
  assert.is(clock.pending, 0);
});

test("ctx.stop of a child that is gone already does nothing, however the ref was come by", () => {
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

test("ctx.unstashAll into a full mailbox loses nothing of either", () => {
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

test("a full mailbox that drops its oldest fails the ask among them at once, and never a reply", async () => {
  const { system, settle } = createSteppedSystem();
  const replies: string[] = [];
  const echo = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        replyTo.tell("echo");
        return state;
      },
    },
    { name: "echo" },
  );
  type Message = string | { readonly reply: string };
  const busy = system.spawn<null, Message>(
    {
      start(ctx) {
        ctx.ask<ActorRef<string>, string>(
          echo,
          (replyTo) => replyTo,
          (result) => ({ reply: result.ok ? result.reply : result.error.message }),
        );
        return null;
      },
      receive(state, message) {
        replies.push(typeof message === "string" ? message : message.reply);
        return state;
      },
    },
    { name: "busy", mailbox: { capacity: 2, overflow: "dropOldest" } },
  );
  settle();
  const asked = system.ask<Message, never>(busy, () => "question");
  for (const n of [1, 2]) busy.tell(`message ${n}`);
  const error = await rejection(asked);
  assert.is(error.code, "mailbox-full");
  settle();
  assert.equal(replies, ["echo", "message 1", "message 2"]);
});

test("an ask is answered with actor-stopped where the actor ends itself before its turn comes", async () => {
  const { system, settle } = createSteppedSystem();
  const ref = system.spawn(worker(), { name: "a" });
  ref.tell((ctx) => ctx.stop(ctx.self));
  const asked = system.ask<Work, never>(ref, () => () => {});
  settle();
  assert.is((await rejection(asked)).code, "actor-stopped");
});

test("asks that a state waits for end with it: no timer stays, and the reply is a dead letter", () => {
  const { system, settle, clock } = createSteppedSystem();
  const asked: ActorRef<string>[] = [];
  const slow = system.spawn<null, ActorRef<string>>(
    {
      start: () => null,
      receive(state, replyTo) {
        asked.push(replyTo);
        return state;
      },
    },
    { name: "slow" },
  );
  const asker = system.spawn(
    worker([], {
      onStart: (ctx) =>
        ctx.ask<ActorRef<string>, string>(
          slow,
          (replyTo) => replyTo,
          () => () => {},
          { timeoutMs: 60_000 },
        ),
    }),
    { name: "asker" },
  );
  settle();
  assert.is(clock.pending, 1);
  void system.stop(asker);
  settle();
  assert.equal([clock.pending, system.deadLetters.total], [0, 0]);
  asked[0]?.tell("too late");
  assert.is(system.deadLetters.total, 1);
});

test("ActorSystem.terminate fails the asks that nobody answered, so that no timer holds the process", async () => {
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

test("watch tells of the actor that was watched, not of the one that took its name", () => {
  const { system, settle } = createSteppedSystem();
  const events: string[] = [];
  const see =
    (what: string) =>
    ({ address, reason }: Terminated) =>
      void events.push(`${what} ${address} ${reason}`);
  const first = system.spawn(idle, { name: "a" });
  const named = system.resolve("sluice://test/a");
  system.watch(first, see("first"));
  system.watch(named, see("name"));
  void system.stop(first);
  const second = system.spawn(idle, { name: "a" });
  settle();
  assert.equal(events, [`first ${first.address} stopped`, "name sluice://test/a stopped"]);
  system.watch(first, see("again"));
  system.watch(named, see("second"));
  settle();
  assert.equal(events.slice(2), [`again ${first.address} stopped`], "the first is gone, the name is taken");
  void system.stop(second);
  settle();
  assert.equal(events.slice(3), ["second sluice://test/a stopped"]);
});

test("a parent with 10,000 children restarts all of them for one, and stops them all", () => {
  const journal: string[] = [];
  const { system, settle, advance } = createSteppedSystem();
  let started = 0;
  const parent = system.spawn(
    worker([], {
      onStart(ctx) {
        for (let n = 0; n < 10_000; n++) {
          ctx.spawn(worker(journal, { onStart: () => void started++ }), { name: `child-${n}` });
        }
      },
    }),
    { name: "parent", supervision: { ...after10ms, strategy: "allForOne" } },
  );
  settle();
  assert.is(started, 10_000);
  system.resolve<Work>("sluice://test/parent/child-5000").tell(fail);
  advance(11);
  assert.is(started, 20_000);
  journal.length = 0;
  void system.stop(parent);
  settle();
  assert.equal(
    [journal.length, journal[0], journal.at(-1)],
    [10_000, "stopped child-9999", "stopped child-0"],
  );
});

test("Registry: registering and subscribing over and over leaves one watch, and no ghost of a dead subscriber", () => {
  const { system, settle } = createSteppedSystem();
  const key = registryKey<unknown>("key");
  const a = system.spawn(idle, { name: "a" });
  const subscriber: ActorRef<Listing<unknown>> = system.spawn(idle, { name: "subscriber" });
  const listeners = watchesOn([a, subscriber]);
  for (let round = 0; round < 100; round++) {
    const endSubscription = system.registry.subscribe(key, subscriber);
    system.registry.register(key, a)();
    endSubscription();
  }
  assert.is(listeners(), 0);
  system.registry.subscribe(key, subscriber);
  settle();
  void system.stop(subscriber);
  system.registry.register(key, a);
  settle();
  assert.is(system.deadLetters.total, 0, "an actor that has stopped is told nothing more");
});

/** Counts the watches that are open on `refs`, by what `watch` was called and what it returned. */
function watchesOn(refs: readonly ActorRef<never>[]): () => number {
  let open = 0;
  for (const ref of refs) {
    const own = ref as unknown as { watch: (listener: (event: Terminated) => void) => () => void };
    const watch = own.watch.bind(ref);
    own.watch = (listener) => {
      open += 1;
      const end = watch(listener);
      let ended = false;
      return () => {
        if (!ended) open -= 1;
        ended = true;
        end();
      };
    };
  }
  return () => open;
}

test.run();
