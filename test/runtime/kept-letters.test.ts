import * as assert from "uvu/assert";
import { withoutSecrets } from "../../src/runtime/actor-figures.js";
import { DeadLetterBox } from "../../src/runtime/dead-letters.js";
import {
  keepLetters,
  KEPT_LETTERS_MAX,
  letterText,
  LETTER_TEXT_MAX,
} from "../../src/runtime/kept-letters.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createProbe } from "../support/probe.js";
import { test } from "../support/test.js";
import { VirtualClock } from "../support/virtual-clock.js";

test("letterText shows a message as short text, and nothing of it that is secret", () => {
  assert.is(
    letterText({
      type: "addSource",
      source: "rtsp://user:4711@camera/4711",
      token: "4711",
      joinKey: { secret: "4711" },
      pixels: new Uint8Array(9),
      replyTo: createProbe("sluice://cloud/$ask/4711"),
      listener: createProbe("sluice://cloud/events-of-edge-1$4711#3"),
      deep: { a: { b: { c: 1 } } },
      many: Array.from({ length: 20 }, (_, index) => index),
      table: new Map([[1, 2]]),
      error: new Error("no"),
    }),
    '{type: "addSource", source: "rtsp://…", token: …, joinKey: …, pixels: 9 bytes, replyTo: sluice://cloud/$ask/…, ' +
      "listener: sluice://cloud/events-of-edge-1$…#3, deep: {a: {…}}, " +
      'many: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 20 in all], table: 1 entries, error: error "no"}',
  );
  assert.is(letterText("x".repeat(1_000)).length, 62);
  const wide = Object.fromEntries(
    Array.from({ length: 90 }, (_, index) => [`field-${index}`, "y".repeat(90)]),
  );
  assert.is(letterText(wide).length, LETTER_TEXT_MAX);
  assert.is(
    letterText({
      get broken() {
        throw new Error("no");
      },
    }),
    "cannot be read",
  );
  assert.is(withoutSecrets("/follower$12ab/child$1"), "/follower$…/child$1");
});

test("keepLetters keeps the newest, so many of them, and of a flood a few", () => {
  const clock = new VirtualClock();
  const letters = new DeadLetterBox(clock, silentLogger);
  const kept = keepLetters(letters, clock);
  for (let index = 0; index < 10_000; index += 1) letters.publish("sluice://n/a", index, "stopped");
  assert.is(kept.newest().length, 100);
  for (let second = 0; second < 300; second += 1) {
    clock.advance(1_000);
    letters.publish("sluice://n/b", second, "failed");
  }
  assert.is(kept.newest().length, KEPT_LETTERS_MAX);
  assert.equal(kept.newest()[0], {
    atMs: clock.now(),
    target: "sluice://n/b",
    reason: "failed",
    text: "299",
  });
  assert.is(letters.total, 10_300);
});

test.run();
