/** The examples that the README points to, run as a user would. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { within } from "../support/within.js";

const SOURCES = fileURLToPath(new URL("../../../apps/examples/", import.meta.url));

async function run(name: string): Promise<string[]> {
  const program = fileURLToPath(new URL(`../../apps/examples/${name}.js`, import.meta.url));
  const { stdout, stderr } = await within(20_000, promisify(execFile)(process.execPath, [program]), name);
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
  for (const line of stages) if (!line.startsWith("tracks")) assert.match(line, /'edge-1': ([12]\d|30)/);
});

test("apps/examples/own-service.ts stores what a service of its own finds", async () => {
  const lines = await run("own-service");
  assert.is(lines.length, 4);
  for (const [sequence, line] of lines.entries())
    assert.match(line, new RegExp(`^${sequence} \\[ '(bright|dark)'`));
});

test("apps/examples/operate.ts follows results, sets a policy, sums up the run and audits it", async () => {
  const lines = await run("operate");
  assert.equal(lines.slice(0, 5), ["result 0", "result 1", "result 2", "result 3", "closed 4"]);
  assert.match(lines[5] ?? "", /^4 tasks: motion, [1-9] at once$/);
  assert.equal(lines.slice(6), ["5 records, 0 findings"]);
});

test("an example is short", () => {
  for (const file of readdirSync(SOURCES)) {
    const lines = readFileSync(SOURCES + file, "utf8").split("\n").length - 1;
    assert.ok(lines <= 60, `${file} has ${lines} lines`);
  }
});

test.run();
