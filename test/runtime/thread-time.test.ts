import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delaySince, parseThreadDelay, processTime } from "../../src/runtime/thread-time.js";

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

test("processTime is that of the process alone, and none once it is gone", async () => {
  if (process.platform !== "linux") return;
  const waits = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  await once(waits, "spawn");
  const ownMs = processTime(process.pid) ?? -1;
  const waitsMs = processTime(waits.pid ?? 0) ?? Infinity;
  waits.stdin.end();
  await once(waits, "close");
  // A node that has loaded all this has worked for longer than a `cat` that waits.
  assert.ok(waitsMs >= 0 && waitsMs < ownMs, `${waitsMs} of ${ownMs}`);
  assert.is(processTime(waits.pid ?? 0), null);
});

test.run();
