import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  awaitNativeCalls,
  countNativeCalls,
  createNativeCalls,
  forbidNativeCalls,
  nativeCall,
} from "../../src/services/native-call.js";

const PROGRAM = fileURLToPath(new URL("../support/programs/interrupted-inference.js", import.meta.url));
const run = (how: string) => spawnSync(process.execPath, [PROGRAM, how], { timeout: 150_000 });

test("a worker that is killed in the middle of an inference leaves the process alone", () => {
  const { status, signal, stderr } = run("kill");
  assert.is(stderr.toString(), "");
  assert.equal([status, signal], [0, null]);
});

test("a worker that is killed while it loads onnxruntime leaves the process alone", async () => {
  // Ms after the load has begun; two at a time, as each is a process of its own.
  const outcomes = await inPairs([0, 1, 2, 4, 8, 12].map((ms) => () => end(["load", String(ms)])));
  assert.equal(
    outcomes,
    outcomes.map(() => ({ code: 0, signal: null, said: "" })),
  );
});

function end(args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { timeout: 30_000, killSignal: "SIGKILL" });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise(
    (resolve) => void child.once("close", (code, signal) => resolve({ code, signal, said })),
  );
}

async function inPairs<Result>(work: readonly (() => Promise<Result>)[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < work.length; at += 2)
    results.push(...(await Promise.all(work.slice(at, at + 2).map((one) => one()))));
  return results;
}

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
