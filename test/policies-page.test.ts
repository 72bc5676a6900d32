import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { createPolicies, startPolicy } from "../src/scheduling/policies.js";
import { parsePipelineFile } from "../src/task/pipeline-file.js";
import { REPOSITORY } from "./support/sources.js";
import { SERVICES } from "../src/services/catalogue.js";

const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");
const page = read("docs/policies.md");
const policies = createPolicies();

/** Rows of the table in the section on a policy: each parameter with its default. */
function documented(name: string): readonly (readonly [string, unknown])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`\`${name}\``)) ?? "";
  return [...section.matchAll(/^\| `(\w+)` +\| `([^`]+)`/gm)].map(([, parameter = "", value = ""]) => [
    parameter,
    JSON.parse(value),
  ]);
}

test("the page of policies names every built-in one, and so does the help of --policy", () => {
  const help = read("apps/command-line.ts");
  for (const name of policies.keys()) {
    assert.match(page, new RegExp(`^\\| \`${name}\` +\\|`, "m"));
    assert.match(help, new RegExp(`^ {2}${name} `, "m"));
  }
});

for (const name of [
  "fixed",
  "dynamic",
  "latency-collector",
  "online-profile",
  "fc",
  "chameleon",
  "two-timescale",
  "predictive",
]) {
  test(`the page of policies documents every parameter of ${name}, and its default as the policy takes it`, () => {
    const rows = documented(name);
    const source = read(`src/scheduling/policies/${name}.ts`);
    const declared = [...source.matchAll(/^ {2}(\w+): z\..*\.default\(([^)]*)\)/gm)];
    assert.ok(declared.length > 1);
    assert.equal(
      rows.map(([parameter]) => parameter).sort(),
      declared.map(([, parameter = ""]) => parameter).sort(),
    );
    const defaults = new Map(
      declared.map(([, parameter, value = ""]) => [parameter, value.replaceAll("_", "")]),
    );
    for (const [parameter, value] of rows) assert.is(JSON.stringify(value), defaults.get(parameter));
    startPolicy(policies, { name, parameters: Object.fromEntries(rows) });
  });
}

test("the examples on the page of policies are taken as a pipeline's policy", () => {
  const examples = [...page.matchAll(/```yaml\n(policy:[^`]*)```/g)].map(([, text = ""]) => text);
  assert.is(examples.length, 4);
  for (const text of examples) {
    const file = parsePipelineFile(
      `pipeline: p\nstages:\n  motion: { service: motion-detection }\n${text}`,
      "p",
      SERVICES,
    );
    if (file.policy === null) throw new TypeError("it names no policy");
    startPolicy(policies, file.policy);
  }
});

test.run();
