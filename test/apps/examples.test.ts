/** The examples that the README points to, run as a user would. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";

const SOURCES = fileURLToPath(new URL("../../../apps/examples/", import.meta.url));

async function run(name: string): Promise<string[]> {
  const program = fileURLToPath(new URL(`../../apps/examples/${name}.js`, import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
  assert.is(stderr, "");
  return stdout.trimEnd().split("\n");
}

test("apps/examples/own-policy.ts runs the demo clip by a policy of its own, which says why", async () => {
  const [first, ...stages] = await run("own-policy");
  assert.is(first, "30 tasks stored; pixels stay, boxes go where there is processor to spare");
  assert.equal(
    stages.map((line) => line.split(" ")[0]),
    ["motion", "tracks", "colours"],
  );
  // Of these two the policy is sure; where the third went, the load of this machine decided.
  for (const line of stages) if (!line.startsWith("tracks")) assert.match(line, "'edge-1': 30");
});

test("apps/examples/own-service.ts stores what a service of its own finds", async () => {
  const lines = await run("own-service");
  assert.is(lines.length, 4);
  for (const [sequence, line] of lines.entries())
    assert.match(line, new RegExp(`^${sequence} \\[ '(bright|dark)'`));
});

test("an example is short", () => {
  for (const file of readdirSync(SOURCES)) {
    const lines = readFileSync(SOURCES + file, "utf8").split("\n").length - 1;
    assert.ok(lines < 60, `${file} has ${lines} lines`);
  }
});

test.run();
