import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { REPOSITORY } from "./sources.js";
import { temporaryFolder } from "./temporary-folder.js";
import { test } from "./test.js";

const HANGS_MS = 300_000;

/** What a file with these tests prints. */
function outputOf(...handlers: readonly string[]): string {
  const file = join(temporaryFolder(), "failing.mjs");
  const at = (path: string): string => JSON.stringify(pathToFileURL(join(REPOSITORY, "dist", path)).href);
  const tests = handlers.map((handler, index) => `test("the test ${index}", ${handler});`);
  writeFileSync(
    file,
    [
      `import { test } from ${at("test/support/test.js")};`,
      `import { SluiceError } from ${at("src/task/errors.js")};`,
      `import { equal } from ${JSON.stringify(import.meta.resolve("uvu/assert"))};`,
      ...tests,
      "test.run();",
    ].join("\n"),
  );
  return spawnSync(process.execPath, [file], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: HANGS_MS,
  }).stdout;
}

test("test shows the message, stack, cause and details of an error whose details are no text", () => {
  const output = outputOf(
    `() => equal(1, 2)`,
    `async function whichFails() { throw new SluiceError("Cannot do it", { code: "store-full", details: { bytes: 7 }, cause: new Error("the cause") }); }`,
    `() => {}`,
  );
  for (const wanted of ["Cannot do it", "whichFails", "bytes: 7", "the cause", "the test 0", "the test 1"]) {
    assert.match(output, wanted);
  }
  assert.match(output, /Total: +3\n +Passed: +1\n/);
});

test("test shows what was thrown where that is no error", () => {
  const output = outputOf(
    `() => { throw { odd: 7 }; }`,
    `() => { throw undefined; }`,
    `() => { throw "text"; }`,
  );
  for (const wanted of ["odd: 7", "Thrown was undefined", "Thrown was 'text'"]) assert.match(output, wanted);
});

test("test shows an assertion of uvu with what was wanted and what there is", () => {
  assert.match(outputOf(`() => equal(1, 2)`), /Expected values to be deeply equal/);
});

test("test ends what was started with the one that failed, and what they shared with the last one", () => {
  const file = join(temporaryFolder(), "starting.mjs");
  const at = (path: string): string =>
    JSON.stringify(pathToFileURL(join(REPOSITORY, "dist/test", path)).href);
  writeFileSync(
    file,
    [
      `import { test } from ${at("support/test.js")};`,
      `import { startHub } from ${at("support/hub-program.js")};`,
      `const started = async (name) => {`,
      `  const { program } = await startHub(${JSON.stringify(temporaryFolder())}, name);`,
      "  program.ended.then(({ signal }) => console.log(name, signal));",
      "  return program;",
      "};",
      `const shared = await started("shared");`,
      `test("fails", async () => { await started("own"); throw new Error("It fails"); });`,
      `test("passes", async () => { shared.children(); console.log("the next one"); });`,
      "test.run();",
    ].join("\n"),
  );
  // The limit is for what hangs.
  const { stdout, signal } = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: HANGS_MS });
  assert.is(signal, null, stdout);
  assert.match(stdout, /own SIGKILL/);
  assert.match(stdout, /shared SIGKILL/);
  assert.ok(stdout.indexOf("the next one") < stdout.indexOf("shared SIGKILL"), stdout);
});

test("test ends a file in which one failed although that has left something open, and says what", () => {
  const output = outputOf(`() => { setInterval(() => {}, 1e6); equal(1, 2); }`, `() => {}`);
  assert.match(output, /Total: +2\n +Passed: +1\n/);
  assert.match(output, /A test that failed has left open: .*Timeout/);
});

test.run();
