import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createRoom, type Machine } from "./room.js";

const GIB = 1024 ** 3;

/** A machine of two processors whose clock goes on by hand. */
function machine(availableBytes = 8 * GIB): Machine & { pass(ms: number, idleMs: number): void } {
  const at = { ms: 1_000, idleMs: 50_000 };
  return {
    processors: 2,
    nowMs: () => at.ms,
    idleMs: () => at.idleMs,
    availableBytes: () => availableBytes,
    pass(ms, idleMs) {
      at.ms += ms;
      at.idleMs += idleMs;
    },
  };
}

test("there is room for as many files as processors, however busy these are", () => {
  const room = createRoom(machine(0), 6);
  assert.equal(
    [0, 1, 2].map((running) => room.isFor(running)),
    [true, true, false],
  );
});

test("there is room for one more once processors have been idle, and for another after the next look", () => {
  const two = machine();
  const room = createRoom(two, 6);
  two.pass(100, 200);
  assert.not(room.isFor(2), "too early to tell");
  two.pass(400, 400);
  assert.ok(room.isFor(2));
  room.take();
  two.pass(100, 20);
  assert.not(room.isFor(3), "what was started is not seen yet");
  two.pass(400, 20);
  assert.not(room.isFor(3), "it is busy now");
  two.pass(400, 300);
  assert.ok(room.isFor(3));
});

test("there is no room beyond the limit, nor without memory", () => {
  const two = machine();
  const room = createRoom(two, 3);
  two.pass(1_000, 2_000);
  assert.not(room.isFor(3));
  assert.ok(room.isFor(2));
  const small = machine(GIB);
  const crowded = createRoom(small, 6);
  small.pass(1_000, 2_000);
  assert.not(crowded.isFor(2));
});

test.run();
