import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { VirtualTime } from "../../src/simulation/virtual-time.js";

test("VirtualTime runs timers in order of time, then of setting, and settles promises before it moves on", async () => {
  const time = new VirtualTime(0);
  const ran: string[] = [];
  const note = (text: string) => (): void => void ran.push(`${time.nowMs} ${text}`);
  time.after(20, note("late"));
  time.after(10, note("first"));
  time.after(10, note("second"));
  time.after(15, note("never")).cancel();
  const sleeper = async (): Promise<void> => {
    await time.sleep(10);
    await Promise.resolve();
    time.later(note("later"));
    time.soon(note("soon"));
  };
  void sleeper();
  await time.runUntil(30);
  assert.equal(ran, ["10 first", "10 second", "10 soon", "10 later", "20 late"]);
  assert.is(time.nowMs, 30);
});

test("VirtualTime keeps thousands of timers in order, those set on the way too", async () => {
  const time = new VirtualTime(0);
  const times: number[] = [];
  for (let count = 0; count < 5_000; count++) {
    time.after((count * 7_919) % 1_000, () => {
      times.push(time.nowMs);
      if (count % 10 === 0) time.after(count % 37, () => times.push(time.nowMs));
    });
  }
  await time.runUntil(2_000);
  assert.is(times.length, 5_500);
  assert.ok(times.every((atMs, index) => index === 0 || atMs >= (times[index - 1] ?? 0)));
});

test("VirtualTime stops as soon as done returns true", async () => {
  const time = new VirtualTime(0);
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
    time.after(10, tick);
  };
  tick();
  await time.runUntil(10_000, () => ticks === 5);
  assert.equal([ticks, time.nowMs], [5, 40]);
});

test.run();
