import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { loadPolicies } from "../../src/scheduling/load-policies.js";
import { completePlan } from "../../src/scheduling/plan.js";
import { createPolicies, startPolicy } from "../../src/scheduling/policies.js";
import { SluiceError } from "../../src/task/errors.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { outcome, view } from "../actors/scheduler/cluster.js";

const DOC = fileURLToPath(new URL("../../../docs/policies.md", import.meta.url));

async function refusal(loading: Promise<unknown>): Promise<SluiceError> {
  const thrown = await loading.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof SluiceError) return thrown;
  throw new Error(`It was not refused: ${String(thrown)}`);
}

async function fileWith(text: string): Promise<string> {
  const file = join(temporaryFolder(), "own.mjs");
  await writeFile(file, text);
  return file;
}

test("the policy of one's own in docs/policies.md has fewer than 50 lines, is loaded from a file and decides", async () => {
  const [, example = ""] = /```js\n([^]*?)```/.exec(await readFile(DOC, "utf8")) ?? [];
  assert.ok(example.split("\n").length < 50);
  const policies = createPolicies(await loadPolicies(await fileWith(example)));
  const run = startPolicy(policies, { name: "calm", parameters: { fpsMin: 3 } });
  const first = run.decide(view());
  assert.is(first.plan.configuration.fps, 10);
  const plan = completePlan(first.plan, { ...view(), accepted: null });
  assert.equal(Object.fromEntries(plan.placement), {
    detect: ["edge-1", "cloud"],
    track: ["cloud", "edge-1", "edge-2"],
  });
  const late = Array.from({ length: 20 }, (_, sequence) => outcome(sequence, { settledAtMs: 900 }));
  const second = first.run.decide(view({ recent: late }));
  assert.is(second.plan.configuration.fps, 5);
  assert.throws(
    () => startPolicy(policies, { name: "calm", parameters: { fpsMin: 0 } }),
    /"fpsMin" must be above 0/,
  );
});

for (const { name, text, part } of [
  { name: "a file that is no module", text: "export const = 3", part: "Cannot use the policies" },
  { name: "a module without policies", text: "export const policy = 3", part: "policies" },
  {
    name: "a policy without decide",
    text: 'export const policies = [{ name: "x", parse() {}, start() {} }]',
    part: "decide",
  },
]) {
  test(`loadPolicies refuses ${name}`, async () => {
    const error = await refusal(loadPolicies(await fileWith(text)));
    assert.is(error.code, "policy-invalid");
    assert.match(error.message, part);
  });
}

test("loadPolicies refuses a file that is not there", async () => {
  const error = await refusal(loadPolicies("/nowhere/own.mjs"));
  assert.match(error.message, "nowhere");
});

test.run();
