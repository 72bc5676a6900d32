import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  awaitNativeCalls,
  countNativeCalls,
  createNativeCalls,
  forbidNativeCalls,
  nativeCall,
} from "../../src/services/native-call.js";

const PROGRAM = fileURLToPath(new URL("../support/programs/interrupted-inference.js", import.meta.url));
const run = (how: string) => spawnSync(process.execPath, [PROGRAM, how], { timeout: 30_000 });

test("a worker that is killed in the middle of an inference leaves the process alone", () => {
  const { status, signal, stderr } = run("kill");
  assert.is(stderr.toString(), "");
  assert.equal([status, signal], [0, null]);
});

test("process.exit in the middle of an inference gives its own status", () => {
  const { status, signal, stderr } = run("exit");
  assert.is(stderr.toString(), "");
  assert.equal([status, signal], [3, null]);
});

test("forbidNativeCalls says whether a call is under way, nested ones too", async () => {
  const calls = createNativeCalls();
  countNativeCalls(calls);
  let seen = 0;
  await nativeCall(() => nativeCall(() => Promise.resolve((seen = Atomics.load(calls, 0)))));
  assert.is(seen, 4);
  assert.is(Atomics.load(calls, 0), 0);
  awaitNativeCalls(calls, 60_000);
  assert.is(forbidNativeCalls(calls), false);
  Atomics.add(calls, 0, 2);
  assert.is(forbidNativeCalls(calls), true);
  const startedMs = performance.now();
  awaitNativeCalls(calls, 20);
  assert.ok(performance.now() - startedMs >= 15);
  countNativeCalls(createNativeCalls());
});

test("nativeCall gives the error of what it ran, and ends its count", async () => {
  const calls = createNativeCalls();
  countNativeCalls(calls);
  const failed = await nativeCall(() => Promise.reject(new Error("no"))).catch(
    (error: Error) => error.message,
  );
  assert.is(failed, "no");
  assert.is(Atomics.load(calls, 0), 0);
});

test.run();
