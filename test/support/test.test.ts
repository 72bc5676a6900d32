import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { REPOSITORY } from "./sources.js";
import { temporaryFolder } from "./temporary-folder.js";
import { test } from "./test.js";

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
  return spawnSync(process.execPath, [file], { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } })
    .stdout;
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

test.run();
