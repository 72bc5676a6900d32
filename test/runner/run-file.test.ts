/** Files that are no good, each in its own way, and what the runner says of them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { processesWith } from "../support/processes.js";
import { runFile, type FileResult, type Patience } from "./run-file.js";
import { pause } from "../support/pause.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-runner-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const UVU = `import { test } from ${JSON.stringify(import.meta.resolve("uvu"))};\n`;
const SPAWN = 'import { spawn } from "node:child_process";\n';

let written = 0;

function run(code: string, patience?: Partial<Patience>): Promise<FileResult> {
  const path = join(folder, `file-${(written += 1)}.mjs`);
  writeFileSync(path, UVU + code);
  return runFile("a.test.js", path, { silenceMs: 600_000, endingMs: 600_000, ...patience }).result;
}

test("a file whose tests pass has no problem, and its tests are counted", async () => {
  const result = await run('test("a", () => {}); test("b", () => {}); test.skip("c", () => {}); test.run();');
  assert.equal([result.problem, result.total, result.passed, result.skipped], [null, 2, 2, 1], result.output);
  if (process.platform === "linux") assert.ok((result.cpuMs ?? 0) > 0);
});

test("a file with a test that does not pass has a problem", async () => {
  const { problem } = await run(
    'test("a", () => { throw new Error("no"); }); test("b", () => {}); test.run();',
  );
  assert.is(problem, "1 of 2 tests did not pass");
});

test("a file that runs no test, or does not even begin, has a problem", async () => {
  assert.match((await run('test("a", () => {});')).problem ?? "", /^ran no test \(exit code 0\)/);
  assert.match((await run("throw new Error('no');")).problem ?? "", /^ran no test \(exit code 1\)/);
});

test("a file that ends before its tests do has a problem", async () => {
  const early = await run('test("a", () => process.exit(0)); test.run();');
  assert.match(early.problem ?? "", /^ran no test/);
  const empty = await run('test("a", () => new Promise(() => {})); test.run();');
  assert.match(empty.problem ?? "", /^ran no test/);
  const after = await run('test("a", () => {}); test.run(); process.once("exit", () => process.exit(3));');
  assert.is(after.problem, "exit code 3");
});

test("a file that hangs, or leaves a handle open, is ended after a silence", async () => {
  const { problem } = await run('test("a", () => {}); test.run(); setInterval(() => {}, 1e6);', {
    silenceMs: 2_000,
  });
  assert.match(problem ?? "", /^no test has ended for 2 s/);
});

test("a file that leaves a process behind has a problem, and the process is ended", async () => {
  if (process.platform !== "linux") return console.log("SKIPPED: only Linux tells whose processes are whose");
  const mark = `left-behind-${process.pid}`;
  const left = `spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore", detached: true, env: { ...process.env, MARK: "${mark}" } }).unref();`;
  const { problem } = await run(`${SPAWN}test("a", () => { ${left} }); test.run();`, { endingMs: 0 });
  assert.match(problem ?? "", /^left 1 processes behind: .*setInterval/);
  while (processesWith(mark).length > 0) await pause(20);
});

test.run();
