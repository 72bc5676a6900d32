import { test } from "./test.js";
import * as assert from "uvu/assert";
import { VirtualClock } from "./virtual-clock.js";

test("virtual clock runs timers in order of time, then of creation", () => {
  const clock = new VirtualClock(0);
  const ran: string[] = [];
  clock.after(20, () => ran.push("late"));
  clock.after(10, () => {
    ran.push("first");
    clock.after(5, () => ran.push("nested"));
  });
  clock.after(10, () => ran.push("second"));
  clock.after(1, () => ran.push("cancelled")).cancel();
  clock.advance(19);
  assert.equal(ran, ["first", "second", "nested"]);
  assert.is(clock.now(), 19);
  assert.is(clock.pending, 1);
});

test.run();
