/** Files that are no good, each in its own way, and what the runner says of them. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { processesWith } from "../support/processes.js";
import { slowness } from "../support/slowness.js";
import type { Patience } from "./child-process.js";
import type { FileResult } from "./file-result.js";
import { runFile, runTogether, type TestFile } from "./run-file.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-runner-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const UVU = `import { test } from ${JSON.stringify(import.meta.resolve("uvu"))};\n`;
const SPAWN = 'import { spawn } from "node:child_process";\n';

let written = 0;

function fileOf(code: string): TestFile {
  written += 1;
  const name = `file-${written}.mjs`;
  writeFileSync(join(folder, name), UVU + code);
  return { name, path: join(folder, name) };
}

const patienceOf = (given: Partial<Patience>): Patience => ({
  silenceMs: 600_000,
  openMs: 600_000,
  endingMs: 600_000,
  ...given,
});

async function alone(code: string, patience: Partial<Patience> = {}): Promise<FileResult> {
  const { results } = await runFile(fileOf(code), patienceOf(patience)).ended;
  const [result] = results;
  if (result === undefined) throw new Error("It has no result");
  return result;
}

const GOOD = 'test("a", () => {}); test("b", () => {}); test.skip("c", () => {}); test.run();';

/** Behind a good file, and before another one. */
async function shared(
  code: string,
  patience: Partial<Patience> = {},
): Promise<FileResult & { readonly unrun: number }> {
  const files = [fileOf(GOOD), fileOf(code), fileOf(GOOD)];
  const { results, unrun } = await runTogether(files, patienceOf(patience)).ended;
  const [before, result, after] = results;
  assert.equal([before?.problem, before?.passed], [null, 2], before?.output);
  if (after !== undefined) assert.equal([after.problem, after.passed], [null, 2], after.output);
  if (result === undefined) throw new Error("It has no result");
  assert.is(results.length + unrun.length, 3);
  return { ...result, unrun: unrun.length };
}

for (const [how, run] of Object.entries({ alone, shared })) {
  test(`a file whose tests pass has no problem, and its tests are counted: ${how}`, async () => {
    const { problem, total, passed, skipped, cpuMs, output } = await run(GOOD);
    assert.equal([problem, total, passed, skipped], [null, 2, 2, 1], output);
    if (process.platform === "linux") assert.ok((cpuMs ?? 0) > 0);
  });

  test(`a file with a test that does not pass has a problem: ${how}`, async () => {
    const { problem } = await run(
      'test("a", () => { throw new Error("no"); }); test("b", () => {}); test.run();',
    );
    assert.is(problem, "1 of 2 tests did not pass");
  });

  test(`a file that runs no test, or does not even begin, has a problem: ${how}`, async () => {
    assert.match((await run('test("a", () => {});')).problem ?? "", /^ran no test \(exit code 0\)/);
    assert.match((await run("throw new Error('no');")).problem ?? "", /^ran no test \(exit code 1\)/);
  });

  test(`a file that ends before its tests do has a problem: ${how}`, async () => {
    const early = await run('test("a", () => process.exit(0)); test.run();');
    assert.match(early.problem ?? "", /^ran no test/);
    const empty = await run('test("a", () => new Promise(() => {})); test.run();');
    assert.match(empty.problem ?? "", /^ran no test/);
    const late = await run(
      'test("a", () => {}); test.run(); setTimeout(() => { throw new Error("late"); }, 50);',
    );
    assert.is(late.problem, "exit code 1");
  });

  test(`a file that hangs is ended after a silence: ${how}`, async () => {
    const code = 'test("a", () => new Promise((resolve) => void setTimeout(resolve, 1e6))); test.run();';
    // Its start is silent, too.
    const silenceMs = Math.ceil(2_000 * (await slowness()));
    const { problem } = await run(code, { silenceMs });
    assert.match(problem ?? "", `no test has ended for ${silenceMs / 1_000} s`);
  });
}

test("a file that leaves a handle open is ended a while after its tests, whatever it still says", async () => {
  const code = 'test("a", () => {}); test.run(); setInterval(() => console.log("still here"), 20);';
  const { problem } = await alone(code, { openMs: 100 });
  assert.match(problem ?? "", /^still ran 0\.1 s after its tests/);
  const { problem: left, unrun } = await shared(code, { endingMs: 100 });
  assert.equal([left, unrun], ["left behind: Timeout", 1]);
});

test("a file that leaves a process behind has a problem, and the process is ended", async () => {
  if (process.platform !== "linux") return console.log("SKIPPED: only Linux tells whose processes are whose");
  const mark = `left-behind-${process.pid}`;
  const env = `{ ...process.env, MARK: "${mark}" }`;
  const left = `spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore", detached: true, env: ${env} }).unref();`;
  const { problem } = await alone(`${SPAWN}test("a", () => { ${left} }); test.run();`, { endingMs: 0 });
  assert.match(problem ?? "", /^left behind: .*setInterval/);
  assert.equal(processesWith(mark), []);
});

test.run();
