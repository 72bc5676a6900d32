import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { delaySince, parseThreadDelay } from "../../src/runtime/thread-time.js";

test("delaySince tells how long a thread has waited for a processor since then, and nothing where the system does not", () => {
  const told = [5, 5, 12.5, null];
  const delayedMs = delaySince(() => told.shift() ?? null);
  assert.equal([delayedMs(), delayedMs(), delayedMs()], [0, 7.5, 0]);
  assert.is(delaySince(() => null)(), 0);
});

test("parseThreadDelay takes the time of waiting, and nothing of another form", () => {
  assert.is(parseThreadDelay("5957086 10866081 4\n"), 10.866081);
  assert.equal([parseThreadDelay(""), parseThreadDelay("no numbers")], [null, null]);
});

test.run();
