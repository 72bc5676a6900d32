import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DeadLetterBox, type DeadLetter } from "../../src/runtime/dead-letters.js";
import { silentLogger, type Logger } from "../../src/runtime/log.js";
import { VirtualClock } from "../support/virtual-clock.js";

interface Line {
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

function box() {
  const clock = new VirtualClock();
  const lines: Line[] = [];
  const write = (message: string, details?: Readonly<Record<string, unknown>>) =>
    void lines.push({ message, details });
  const log: Logger = { ...silentLogger, warn: write, error: write };
  return { clock, lines, letters: new DeadLetterBox(clock, log) };
}

test("DeadLetterBox counts by reason and tells its listeners until they unsubscribe", () => {
  const { letters } = box();
  const heard: DeadLetter[] = [];
  const unsubscribe = letters.subscribe((letter) => heard.push(letter));
  letters.publish("sluice://n/a", 1, "stopped");
  letters.publish("sluice://n/b", 2, "failed");
  unsubscribe();
  letters.publish("sluice://n/a", 3, "stopped");
  assert.is(letters.total, 3);
  assert.is(letters.countByReason.stopped, 2);
  assert.is(letters.countByReason.failed, 1);
  assert.equal(heard, [
    { target: "sluice://n/a", message: 1, reason: "stopped" },
    { target: "sluice://n/b", message: 2, reason: "failed" },
  ]);
});

test("DeadLetterBox logs at most once a second, with the count since", () => {
  const { letters, clock, lines } = box();
  for (let n = 0; n < 100; n++) {
    letters.publish("sluice://n/a", n, "stopped");
    clock.advance(30);
  }
  assert.equal(
    lines.map(({ details }) => details?.["count"]),
    [1, 34, 34],
  );
});

test("DeadLetterBox warns of no answer that comes too late, and counts it", () => {
  const { letters, lines } = box();
  letters.publish("sluice://n/$ask/7", null, "stopped");
  assert.equal([lines.length, letters.total], [0, 1]);
  letters.publish("sluice://n/$ask/7", null, "link-full");
  assert.is(lines.length, 1, "no room for it is something else");
});

test("DeadLetterBox counts what a listener sends in vain, and tells it to nobody", () => {
  const { letters } = box();
  let heard = 0;
  letters.subscribe(() => {
    heard += 1;
    letters.publish("sluice://n/echo", null, "stopped");
  });
  letters.publish("sluice://n/a", null, "stopped");
  assert.is(heard, 1);
  assert.is(letters.total, 2);
});

test("DeadLetterBox goes on where a listener throws", () => {
  const { letters, lines } = box();
  const heard: unknown[] = [];
  letters.subscribe(() => {
    throw new Error("listener");
  });
  letters.subscribe(({ message }) => heard.push(message));
  letters.publish("sluice://n/a", 1, "stopped");
  assert.equal(heard, [1]);
  assert.ok(lines.some(({ message }) => message === "Dead letter listener threw"));
});

test.run();
