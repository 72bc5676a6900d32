/** Stages that take their time to load, fail to, hang and are lost, while sources move from node to node. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { simulate } from "../../src/simulation/simulation.js";

/** What must have been put to the test. */
const LAWS = [
  "controller a stage that failed to load",
  "controller a stage that is given up",
  "controller a stage that no table places here",
  "scheduler a stage routed to where it is loaded",
  "scheduler a stage that no node has loaded yet",
];

test("a simulated cluster routes stages to where they are loaded, and unloads them, while loads fail, hang and are lost", async () => {
  const tried = new Set<string>();
  for (let seed = 1; seed <= 2; seed++) {
    const { findings, coverage } = await simulate({
      seed,
      faultyMs: 12_000,
      faults: ["failingLoad", "hangingLoad", "lostWorker", "swapTable", "killEdge"],
      meanGapMs: 500,
      loading: { loadMs: 1_000, timeoutMs: 7_000, attempts: 2, holdMs: 400, standby: 1 },
    });
    assert.equal(findings, [], `seed ${seed}`);
    for (const law of Object.keys(coverage.laws)) tried.add(law);
  }
  assert.equal(
    LAWS.filter((law) => !tried.has(law)),
    [],
  );
});

test.run();
