/** Whole clusters under faults from seeds: every promise is kept, and once faults stop everything ends. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { simulate } from "../../src/simulation/simulation.js";

const SEEDS = Number(process.env["SLUICE_SEEDS"] ?? 160);

test("a simulated cluster keeps its promises under every kind of fault, seed after seed", async () => {
  let redelivered = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await simulate({ seed, swarm: true });
    assert.equal(report.findings, [], `again: npm run simulate -- --seed ${seed}`);
    redelivered += report.redelivered;
  }
  assert.ok(redelivered > SEEDS, "faults had tasks delivered again");
});

test.run();
