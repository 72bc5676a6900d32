import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { createSteppedSystem } from "../../support/stepped-system.js";

test("ctx.after and ctx.every fire in time, replace by key and end when cancelled", () => {
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

test("a timer cancelled after it fell due delivers nothing, and ticks missed while busy are merged", () => {
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
  const ref = system.spawn(behaviour, { name: "brief" });
  ref.tell("fail");
  advance(120);
  assert.equal(received, ["tick of 2", "tick of 2"].slice(0, received.length));
  assert.ok(received.length >= 1);
  void system.stop(ref);
  const atStop = received.length;
  settle();
  advance(200);
  assert.is(received.length, atStop);
});

test.run();
