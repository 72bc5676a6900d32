import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import type { RestartType, SupervisionStrategy } from "../../../src/runtime/spawn-options.js";
import { createSteppedSystem } from "../../support/stepped-system.js";
import { after10ms, fail, type Work, worker } from "../../support/worker.js";
import { child, family } from "./family.js";

interface Case {
  readonly strategy: SupervisionStrategy;
  readonly restart: RestartType;
  readonly exit: "fail" | "end";
  readonly journal: readonly string[];
  readonly ended: readonly string[];
}

// Three children a, b, c; b is of the type named, a transient, c temporary; b exits, and each receives "new" meanwhile.
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
  test(`supervisor: ${strategy}, a ${restart} child that is asked to ${exit}: siblings, mailbox and state`, () => {
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

test("a parent that is restarted starts its children again, under their old names", () => {
  const { system, settle, advance } = createSteppedSystem({ supervision: after10ms });
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
  assert.equal(journal, ["b start", "c start"]);
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
    [10_000, "child-9999 stopped after 0", "child-0 stopped after 0"],
  );
});

test.run();
