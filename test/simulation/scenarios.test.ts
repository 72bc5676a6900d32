/** Runs that showed real faults once, as data: they show none any more, however the draws of seeds have changed since. */

import { readdirSync, readFileSync } from "node:fs";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseScenario } from "../../src/simulation/scenario.js";
import { simulate } from "../../src/simulation/simulation.js";

const FOLDER = new URL("../../../test/simulation/scenarios/", import.meta.url);
const FILES = readdirSync(FOLDER).sort();

for (const file of FILES) {
  const scenario = parseScenario(readFileSync(new URL(file, FOLDER), "utf8"));
  test(`${file}: ${scenario.about}`, async () => {
    const { findings } = await simulate({ seed: scenario.seed, scenario });
    assert.equal(findings, [], `again: npm run simulate -- --replay test/simulation/scenarios/${file}`);
  });
}

test("simulate gives the run as a scenario that gives the same faults, and parseScenario refuses what is none", async () => {
  const { scenario, faults } = await simulate({ seed: 4, swarm: true });
  const played = parseScenario(JSON.stringify({ about: "a run", ...scenario }));
  assert.equal({ ...played, about: undefined }, { ...scenario, about: undefined });
  const again = await simulate({ seed: 1, scenario: played });
  assert.equal([again.seed, again.faults, again.findings], [4, faults, []]);
  assert.equal(again.scenario.sources, scenario.sources);
  for (const [changes, problem] of [
    [{ seed: -1 }, '"seed"'],
    [{ faults: [{ kind: "flood", atMs: 1, host: "cloud", lastsMs: 1 }] }, '"faults.0.kind"'],
    [{ extra: 1 }, "extra"],
  ] as const) {
    assert.throws(
      () => parseScenario(JSON.stringify({ about: "a run", ...scenario, ...changes })),
      (error: unknown) => error instanceof RangeError && error.message.includes(problem),
    );
  }
});

test.run();
