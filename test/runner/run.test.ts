/** The runner of tests as a user starts it. */

import { randomUUID } from "node:crypto";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { processesWith } from "../support/processes.js";
import { startTests, type Ended } from "../support/program.js";

const run = (...args: readonly string[]): Promise<Ended> => startTests(args).ended;

test("npm test runs the files that have a part in their names, and says which took longest", async () => {
  const { exitCode, stdout } = await run("runner/order", "runtime/address", "runner/options");
  assert.is(exitCode, 0, stdout);
  assert.match(stdout, /^\d\/\d ok {3}runner\/order\.test\.js \(\d passed, [\d.]+ s/m);
  assert.match(stdout, /^The slowest \d:\n +[\d.]+ s .* \S+\.test\.js\n/m);
  assert.match(stdout, /^\d files, 0 with problems\n\d+ passed, 0 failed, 0 skipped\ntook /m);
});

test("npm test lists files, says which it leaves out, has help, and ends with 2 after wrong usage", async () => {
  const suite = await run("--list");
  assert.not.match(suite.stdout, /^(adversary\/fuzz|simulation\/more-seeds|apps\/sluice)\.test\.js$/m);
  assert.match(suite.stdout, /^simulation\/seeds\.test\.js$/m);
  assert.match(
    suite.stderr,
    /^Not run, as the gate alone runs them: \d+ files, of campaigns \(adversary\/, /,
  );
  const every = await run("--list", "--all");
  assert.match(every.stdout, /^adversary\/fuzz\.test\.js\n[^]*^simulation\/more-seeds\.test\.js$/m);
  assert.is(every.stderr, "");
  const listed = await run("--list", "runner/");
  assert.is(listed.exitCode, 0);
  assert.ok(listed.stdout.split("\n").includes("runner/run.test.js"), listed.stdout);
  const help = await run("--help");
  assert.equal([help.exitCode, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: npm test -- /);
  for (const [args, wanted] of [
    [["no-such-file"], "error: No test file has one of these in its name: no-such-file\n"],
    [["--unknown"], /^error: .*--unknown[^]*Try --help\n$/],
  ] as const) {
    const { exitCode, stderr } = await run(...args);
    assert.is(exitCode, 2);
    assert.match(stderr, wanted);
  }
});

test("Ctrl-C ends the files that run and all that they have started, and exits with 130", async () => {
  if (process.platform !== "linux") return console.log("SKIPPED: only Linux tells whose processes are whose");
  const mark = randomUUID();
  const program = startTests(["apps/start-signal"], { env: { SLUICE_RUN: mark } });
  // The runner, the file, and the first program of that.
  while (processesWith(mark).length < 3) await new Promise((resolve) => void setTimeout(resolve, 20));
  program.signal("SIGINT");
  const { exitCode, stdout } = await program.ended;
  assert.is(exitCode, 130, stdout);
  assert.equal(processesWith(mark), []);
});

test.run();
