import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { DRAIN_MS } from "../../apps/start/drain-limit.js";
import { startProgram } from "../support/program.js";
import { quietMs } from "../support/slowness.js";
import { summaryOf } from "../support/run-summary.js";
import { storedRecords } from "../support/stored.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

const STARTED = /^demo: apps\/demo\/demo\.mp4/m;
const STOPPING = /^Stopping: /m;
/** The first line of progress: tasks have been made. */
const PROGRESS = /^\d+\.\d s: tasks created [1-9]/m;
/** Stages are loaded and at work: what is under way is settled soon. */
const UNDER_WAY = /^\d+\.\d s: tasks created .* stored ([2-9]|\d\d)/m;
/** Eight stages of a third of a second each for every task: a full window takes far longer than a drain may. */
function heaviest(folder: string): string[] {
  const stages = Array.from({ length: 8 }, (_, index) => {
    const after = index === 0 ? "" : `, after: stage-${index - 1}`;
    return `  stage-${index}: { service: motion-detection${after} }\n`;
  });
  const pipeline = join(folder, "chain.yaml");
  writeFileSync(pipeline, `pipeline: chain\nstages:\n${stages.join("")}`);
  const source = ["--source", "test:320x180@25,duration=1000", "--frames-per-task", "80", "--fps", "25"];
  return ["--pipeline", pipeline, ...source];
}

/** Of the two clips of a run that nobody ends. */
const TASKS_IN_ALL = 60;

/** All that was under way is settled, unless the machine took longer for it than a drain may. */
function settled(inFlight: number, tookMs: number): void {
  assert.ok(inFlight === 0 || tookMs >= DRAIN_MS, `${inFlight} in flight after ${tookMs} ms`);
}

test("Ctrl-C in the middle of a paced run settles what is under way, prints the summary and ends with 0", () =>
  inTemporaryFolder(async (folder) => {
    const store = join(folder, "store");
    const program = startProgram(["--store", store, "--json", "--realtime"]);
    await program.says(UNDER_WAY);
    // npm passes on what the terminal has sent to its whole group.
    const signalledMs = performance.now();
    program.interrupt();
    program.signal("SIGINT");
    const { exitCode, stdout, stderr, leftovers } = await program.ended;
    assert.is(exitCode, 0, stderr);
    assert.equal(leftovers, []);
    assert.not.match(stderr, "error", stderr);
    const { tasks } = summaryOf(stdout);
    assert.ok(tasks.created >= 2 && tasks.created < TASKS_IN_ALL, stdout);
    assert.is(tasks.stored + tasks.inFlight, tasks.created);
    settled(tasks.inFlight, performance.now() - signalledMs);
    // What is in flight as the summary is printed may be stored before the end.
    const records = (await storedRecords(store)).length;
    assert.ok(records >= tasks.stored && records <= tasks.created, `${records} records: ${stdout}`);
  }));

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  test(`${signal} to all processes of a run drains like Ctrl-C, before the first frame too`, async () => {
    const program = startProgram(["--store", "memory:", "--json", "--realtime"]);
    await program.says(STARTED);
    const signalledMs = performance.now();
    program.interrupt(signal);
    const { exitCode, stdout, stderr, leftovers } = await program.ended;
    assert.is(exitCode, 0, stderr);
    assert.equal(leftovers, []);
    assert.not.match(stderr, "error", stderr);
    settled(summaryOf(stdout).tasks.inFlight, performance.now() - signalledMs);
  });
}

test("Ctrl-C with more under way than can be settled ends within 5 s, and says what was left", () =>
  inTemporaryFolder(async (folder) => {
    const program = startProgram(["--store", join(folder, "store"), "--json", ...heaviest(folder)]);
    await program.says(PROGRESS);
    const tookMs = await quietMs(() => {
      // npm passes on what the terminal has sent to its whole group.
      program.interrupt();
      program.signal("SIGINT");
      return program.ended;
    });
    const { exitCode, stdout, stderr, leftovers } = await program.ended;
    assert.ok(tookMs < 5_000, `${tookMs} ms`);
    assert.equal(leftovers, []);
    const { tasks } = summaryOf(stdout);
    assert.ok(tasks.inFlight > 0, `all of ${tasks.created} tasks were settled in time: ${stderr}`);
    assert.is(exitCode, 0, stderr);
    assert.is((await storedRecords(join(folder, "store"))).length, tasks.stored);
  }));

test("a second Ctrl-C leaves at once with 130, in the middle of an inference too", () =>
  inTemporaryFolder(async (folder) => {
    const program = startProgram(["--store", "memory:", "--json", ...heaviest(folder)]);
    await program.says(PROGRESS);
    program.interrupt();
    await program.says(STOPPING);
    // Signals that come together are one, so the second is sent until it counts.
    const again = setInterval(() => program.interrupt(), 50);
    const { exitCode, signal, leftovers } = await program.ended.finally(() => clearInterval(again));
    assert.equal([exitCode, signal], [130, null]);
    assert.equal(leftovers, []);
  }));

test.run();
