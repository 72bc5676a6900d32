import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "./support/test.js";
import * as assert from "uvu/assert";
import { schema as chameleon } from "../src/scheduling/policies/chameleon.js";
import { schema as dynamic } from "../src/scheduling/policies/dynamic.js";
import { schema as fc } from "../src/scheduling/policies/fc.js";
import { schema as fixed } from "../src/scheduling/policies/fixed.js";
import { schema as latencyCollector } from "../src/scheduling/policies/latency-collector.js";
import { schema as offlineProfile } from "../src/scheduling/policies/offline-profile.js";
import { schema as onlineProfile } from "../src/scheduling/policies/online-profile.js";
import { schema as predictive } from "../src/scheduling/policies/predictive.js";
import { schema as twoTimescale } from "../src/scheduling/policies/two-timescale.js";
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

test("every built-in policy says which parameters it takes", () => {
  const silent = [...policies.values()].filter(({ parameters }) => parameters === null);
  assert.equal(silent, []);
  const [unknownBandwidth] = policies.get("dynamic")?.parameters ?? [];
  assert.equal(unknownBandwidth, {
    name: "unknownBandwidth",
    kind: "choice",
    fallback: '"cloud"',
    min: null,
    max: null,
    choices: ["cloud", "edge"],
  });
  const windowTasks = policies.get("fc")?.parameters?.find(({ name }) => name === "windowTasks");
  assert.equal([windowTasks?.kind, windowTasks?.min, windowTasks?.max], ["integer", 3, 128]);
});

/** Described in the text: what a tool writes, and nobody by hand. */
const NOT_LISTED = new Set(["profile"]);

const SCHEMAS = {
  fixed,
  dynamic,
  "latency-collector": latencyCollector,
  "online-profile": onlineProfile,
  fc,
  chameleon,
  "two-timescale": twoTimescale,
  predictive,
  "offline-profile": offlineProfile,
};

for (const [name, schema] of Object.entries(SCHEMAS)) {
  test(`the page of policies documents every parameter of ${name} that has a default, as the policy takes it`, () => {
    const rows = documented(name);
    const defaults = Object.entries(schema.shape).flatMap(([parameter, field]) => {
      const parsed = field.safeParse(undefined);
      return parsed.success && parsed.data !== undefined ? [[parameter, parsed.data] as const] : [];
    });
    assert.ok(defaults.length > 1);
    const listed = new Map(rows);
    const left = defaults.filter(([parameter]) => !NOT_LISTED.has(parameter));
    assert.equal(Object.fromEntries(listed), Object.fromEntries(left));
    // A form of the page asks for the same, and shows the same.
    const asked = policies.get(name)?.parameters ?? [];
    assert.equal(asked.map((parameter) => parameter.name).toSorted(), Object.keys(schema.shape).toSorted());
    assert.equal(
      Object.fromEntries(
        asked.flatMap(({ name: parameter, fallback }) =>
          fallback === null ? [] : [[parameter, JSON.parse(fallback) as unknown]],
        ),
      ),
      Object.fromEntries(defaults),
    );
    // One that has none is given something.
    const needed = "profile" in schema.shape ? { profile: [] } : {};
    startPolicy(policies, { name, parameters: { ...needed, ...Object.fromEntries(rows) } });
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
