import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createSayer } from "../../apps/repeats.js";

function createSubject() {
  const printed: string[] = [];
  const clock = { nowMs: 0 };
  const timers: (() => void)[] = [];
  const sayer = createSayer({
    print: (line) => printed.push(line),
    nowMs: () => clock.nowMs,
    later: (_ms, work) => timers.push(work),
  });
  const pass = (ms: number): void => {
    clock.nowMs += ms;
    for (const work of timers.splice(0)) work();
  };
  return { printed, sayer, pass };
}

const LOST = "Lost the connection to the hub, reconnecting: it is gone";

test("createSayer says lines that alternate once each, and a minute later how often they came", () => {
  const { printed, sayer, pass } = createSubject();
  for (let round = 1; round <= 11; round++) {
    sayer.say(LOST);
    if (round < 11) sayer.say(`Joined again after ${round} attempts`);
  }
  assert.equal(printed, [LOST, "Joined again after 1 attempts"]);
  pass(60_000);
  assert.equal(printed.slice(2), [
    "Joined again after 10 attempts (9 times more in 60 s)",
    `${LOST} (10 times more in 60 s)`,
  ]);
  sayer.say(LOST);
  assert.is(printed.length, 5, "it is news again");
});

test("createSayer says at its end what it kept back, and nothing of what came once", () => {
  const { printed, sayer, pass } = createSubject();
  for (const name of ["cam-1", "cam-2", "cam-1"]) sayer.say(`${name}: source lost, reconnecting (attempt 4)`);
  pass(2_000);
  sayer.end();
  assert.equal(printed, [
    "cam-1: source lost, reconnecting (attempt 4)",
    "cam-2: source lost, reconnecting (attempt 4)",
    "cam-1: source lost, reconnecting (attempt 4) (1 time more in 2 s)",
  ]);
});

test("createSayer remembers a bounded number of lines", () => {
  const { printed, sayer } = createSubject();
  for (let line = 0; line < 200; line++) sayer.say(`line ${line}`);
  sayer.say("line 0");
  assert.is(printed.length, 201);
});

test.run();
