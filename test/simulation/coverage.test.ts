import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { addCounts, coverageLine } from "../../src/simulation/coverage.js";
import { simulate } from "../../src/simulation/simulation.js";

test("a simulated run says which messages its actors were given, and which states its sources were in", async () => {
  const { coverage } = await simulate({ seed: 1, faults: [], faultyMs: 2_000, edges: 1 });
  assert.ok((coverage.messages["controller submit"] ?? 0) > 10);
  assert.ok((coverage.messages["distributor store"] ?? 0) > 10);
  assert.ok((coverage.messages["source taskSettled"] ?? 0) > 10);
  assert.ok((coverage.phases["capturing"] ?? 0) > 10);
});

test("coverage of several runs adds up to a line for each dimension", () => {
  const sum = new Map<string, number>();
  addCounts(sum, { stall: 1, cut: 2 });
  addCounts(sum, { cut: 3 });
  assert.is(coverageLine("faults", sum, 20), "faults: 2 of 20: cut 5, stall 1");
  assert.is(coverageLine("drops", new Map(), null), "drops: 0");
});

test.run();
