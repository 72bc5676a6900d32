import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour, Terminated } from "../../../src/runtime/behaviour.js";
import { RuntimeError } from "../../../src/runtime/errors.js";
import type {
  RestartType,
  SupervisionPolicy,
  SupervisionStrategy,
} from "../../../src/runtime/spawn-options.js";
import { createSteppedSystem, type SteppedSystem } from "../../support/stepped-system.js";

type Order = "fail" | "end" | { readonly note: string };

/** Its state is the notes it took; it fails or ends when told to. */
function child(journal: string[]): Behaviour<string[], Order> {
  return {
    start(ctx) {
      journal.push(`start ${ctx.name}`);
      return [];
    },
    receive(notes, order, ctx) {
      if (order === "fail") throw new Error(`${ctx.name} was told to`);
      if (order === "end") ctx.stop(ctx.self);
      else {
        notes.push(order.note);
        journal.push(`${ctx.name} has ${notes.join()}`);
      }
      return notes;
    },
    stop(_notes, ctx, reason) {
      journal.push(`${reason} ${ctx.name}`);
    },
  };
}

interface Family extends SteppedSystem {
  readonly journal: string[];
  readonly ended: Terminated[];
  readonly refs: Readonly<Record<string, ActorRef<Order>>>;
}

const quick: Partial<SupervisionPolicy> = {
  intensity: 2,
  periodMs: 1_000,
  backoff: { minMs: 10, maxMs: 10, factor: 1, jitter: 0 },
};

/** A parent with the children `children`, started in that order. */
function family(strategy: SupervisionStrategy, children: Readonly<Record<string, RestartType>>): Family {
  const stepped = createSteppedSystem({ supervision: { ...quick, intensity: 0 } });
  const journal: string[] = [];
  const ended: Terminated[] = [];
  const parent: Behaviour<null, never> = {
    start(ctx) {
      journal.push("start parent");
      for (const [name, restart] of Object.entries(children)) ctx.spawn(child(journal), { name, restart });
      return null;
    },
    receive: (state) => state,
    stop: (_state, _ctx, reason) => void journal.push(`${reason} parent`),
  };
  stepped.system.spawn(parent, { name: "parent", supervision: { ...quick, strategy }, restart: "temporary" });
  stepped.settle();
  const refs = Object.fromEntries(
    Object.keys(children).map((name) => [
      name,
      stepped.system.resolve<Order>(`sluice://test/parent/${name}`),
    ]),
  );
  for (const ref of Object.values(refs)) stepped.system.watch(ref, (event) => ended.push(event));
  for (const ref of Object.values(refs)) ref.tell({ note: "old" });
  stepped.settle();
  journal.length = 0;
  return { ...stepped, journal, ended, refs };
}

interface Case {
  readonly strategy: SupervisionStrategy;
  readonly restart: RestartType;
  readonly exit: "fail" | "end";
  readonly journal: readonly string[];
  readonly ended: readonly string[];
}

// Three children a, b, c; b is of the type named, a transient, c temporary; b exits, and each is told "new" meanwhile.
const gone = (reason: string, name: string) => `sluice://test/parent/${name} ${reason}`;
const onlyB = ["restarting b", "a has old,new", "c has old,new", "start b", "b has new"];
const all = ["stopped c", "restarting b", "restarting a", "start a", "a has new", "start b", "b has new"];
const rest = ["stopped c", "restarting b", "a has old,new", "start b", "b has new"];
const withoutB = ["stopped b", "a has old,new", "c has old,new"];
const cGone = [gone("stopped", "c")];
const table: readonly Case[] = [
  { strategy: "oneForOne", restart: "permanent", exit: "fail", journal: onlyB, ended: [] },
  { strategy: "oneForOne", restart: "permanent", exit: "end", journal: onlyB, ended: [] },
  { strategy: "oneForOne", restart: "transient", exit: "fail", journal: onlyB, ended: [] },
  {
    strategy: "oneForOne",
    restart: "transient",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
  {
    strategy: "oneForOne",
    restart: "temporary",
    exit: "fail",
    journal: withoutB,
    ended: [gone("failed", "b")],
  },
  {
    strategy: "oneForOne",
    restart: "temporary",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
  { strategy: "allForOne", restart: "permanent", exit: "fail", journal: all, ended: cGone },
  { strategy: "allForOne", restart: "permanent", exit: "end", journal: all, ended: cGone },
  { strategy: "allForOne", restart: "transient", exit: "fail", journal: all, ended: cGone },
  {
    strategy: "allForOne",
    restart: "transient",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
  {
    strategy: "allForOne",
    restart: "temporary",
    exit: "fail",
    journal: withoutB,
    ended: [gone("failed", "b")],
  },
  {
    strategy: "allForOne",
    restart: "temporary",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
  { strategy: "restForOne", restart: "permanent", exit: "fail", journal: rest, ended: cGone },
  { strategy: "restForOne", restart: "permanent", exit: "end", journal: rest, ended: cGone },
  { strategy: "restForOne", restart: "transient", exit: "fail", journal: rest, ended: cGone },
  {
    strategy: "restForOne",
    restart: "transient",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
  {
    strategy: "restForOne",
    restart: "temporary",
    exit: "fail",
    journal: withoutB,
    ended: [gone("failed", "b")],
  },
  {
    strategy: "restForOne",
    restart: "temporary",
    exit: "end",
    journal: withoutB,
    ended: [gone("stopped", "b")],
  },
];

for (const { strategy, restart, exit, journal, ended } of table) {
  test(`supervisor: ${strategy}, a ${restart} child that is told to ${exit}: siblings, mailbox and state`, () => {
    const {
      refs,
      journal: seen,
      ended: seenEnded,
      settle,
      advance,
    } = family(strategy, {
      a: "transient",
      b: restart,
      c: "temporary",
    });
    refs["b"]?.tell(exit);
    settle();
    for (const ref of Object.values(refs)) ref.tell({ note: "new" });
    advance(20);
    assert.equal(seen, [...journal]);
    assert.equal(
      seenEnded.map(({ address, reason }) => `${address} ${reason}`),
      [...ended],
    );
  });
}

test("supervisor keeps the mailbox of a suspended child and loses the failing message alone", () => {
  const { system, refs, journal, settle, advance } = family("oneForOne", { a: "transient" });
  refs["a"]?.tell({ note: "before" });
  refs["a"]?.tell("fail");
  refs["a"]?.tell({ note: "behind" });
  settle();
  refs["a"]?.tell({ note: "during" });
  advance(9);
  assert.equal(journal, ["a has old,before", "restarting a"]);
  advance(1);
  assert.equal(journal.slice(2), ["start a", "a has behind", "a has behind,during"]);
  assert.equal([system.deadLetters.total, system.deadLetters.countByReason.failed], [1, 1]);
});

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
    [gone("failed", "a"), gone("stopped", "b")],
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
    supervision: quick,
    onFailure: (error) => failures.push(error.message),
  });
  const behaviour: Behaviour<null, string> = {
    start(ctx) {
      starts += 1;
      ctx.every("leak", 1, "tick");
      throw new Error("no start");
    },
    receive: (state) => state,
    stop: () => failures.push("stop of a state that never was"),
  };
  system.spawn(behaviour, { name: "stillborn" });
  advance(100);
  assert.is(starts, 3);
  assert.equal(failures, ['Cannot restart "/stillborn" again: 2 restarts within 1000 ms are spent']);
});

test("a failure beyond the root guardian stops all actors and is told with its cause", () => {
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
  assert.ok(failure.cause instanceof Error && failure.cause.message === "culprit was told to");
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

test("a parent that is restarted starts its children anew, under their old names", () => {
  const { system, settle, advance } = createSteppedSystem({ supervision: quick });
  const journal: string[] = [];
  const parent: Behaviour<null, "fail"> = {
    start(ctx) {
      ctx.spawn(child(journal), { name: "child" });
      return null;
    },
    receive() {
      throw new Error("wanted");
    },
    stop: (_state, _ctx, reason) => void journal.push(`${reason} parent`),
  };
  system.spawn(parent, { name: "parent" }).tell("fail");
  settle();
  assert.equal(journal, ["restarting parent"], "the child was stopped before it ever started");
  advance(10);
  assert.equal(journal, ["restarting parent", "start child"]);
});

test("a stop during the backoff ends the actor without a second stop hook", () => {
  const { system, refs, journal, ended, settle, clock } = family("oneForOne", { a: "transient" });
  refs["a"]?.tell("fail");
  settle();
  void system.stop(system.resolve("sluice://test/parent"));
  settle();
  assert.equal(journal, ["restarting a", "stopped parent"]);
  assert.is(ended.length, 1);
  assert.is(clock.pending, 0);
});

test("a second failure of the group during its backoff moves the restart of all of them", () => {
  const { refs, journal, settle, advance } = family("restForOne", { a: "transient", b: "transient" });
  refs["b"]?.tell("fail");
  advance(5);
  refs["a"]?.tell("fail");
  settle();
  advance(9);
  assert.equal(journal, ["restarting b", "restarting a"]);
  advance(1);
  assert.equal(journal.slice(2), ["start a", "start b"]);
});

test.run();
