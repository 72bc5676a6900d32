import { test } from "uvu";
import * as assert from "uvu/assert";
import { Timeline } from "../../src/simulation/timeline.js";

test("Timeline runs what is due in order of time, then of setting, and promises before it moves on", async () => {
  const timeline = new Timeline(0);
  const told: string[] = [];
  const tell = (text: string) => (): void => void told.push(`${timeline.nowMs} ${text}`);
  timeline.after(20, tell("late"));
  timeline.after(10, tell("first"));
  timeline.after(10, tell("second"));
  timeline.after(15, tell("never")).cancel();
  const sleeper = async (): Promise<void> => {
    await timeline.sleep(10);
    await Promise.resolve();
    timeline.later(tell("later"));
    timeline.soon(tell("soon"));
  };
  void sleeper();
  await timeline.runUntil(30);
  assert.equal(told, ["10 first", "10 second", "10 soon", "10 later", "20 late"]);
  assert.is(timeline.nowMs, 30);
});

test("Timeline keeps thousands of timers in order, those set on the way too", async () => {
  const timeline = new Timeline(0);
  const times: number[] = [];
  for (let count = 0; count < 5_000; count++) {
    timeline.after((count * 7_919) % 1_000, () => {
      times.push(timeline.nowMs);
      if (count % 10 === 0) timeline.after(count % 37, () => times.push(timeline.nowMs));
    });
  }
  await timeline.runUntil(2_000);
  assert.is(times.length, 5_500);
  assert.ok(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
});

test("Timeline stops where it is told that enough has happened", async () => {
  const timeline = new Timeline(0);
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
    timeline.after(10, tick);
  };
  tick();
  await timeline.runUntil(10_000, () => ticks === 5);
  assert.equal([ticks, timeline.nowMs], [5, 40]);
});

test.run();
