import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { drawFaults, FAULTS } from "../../src/simulation/fault-plan.js";
import { BUG_KINDS } from "../../src/simulation/planted-bugs.js";
import { createPrng } from "../../src/simulation/prng.js";
import { drawShape } from "../../src/simulation/shape.js";
import { simulate } from "../../src/simulation/simulation.js";

/** How soon each planted bug must be found; `seeds.test.ts` runs many more. */
const SEEDS_MAX = 8;

test("simulate gives the same history for the same seed, byte for byte, and another for another", async () => {
  const [once, again, other] = [
    await simulate({ seed: 5, keepHistory: true }),
    await simulate({ seed: 5, keepHistory: true }),
    await simulate({ seed: 6 }),
  ];
  assert.is(again.history, once.history);
  assert.equal(again.lines, once.lines);
  assert.is.not(other.history, once.history);
  assert.ok(once.faults.length > 10 && once.results > 100);
});

test("simulate without faults delivers every task once", async () => {
  const { findings, gaps, redelivered, results } = await simulate({ seed: 1, faults: [], faultyMs: 10_000 });
  assert.equal([findings, gaps, redelivered], [[], {}, 0]);
  assert.ok(results > 100);
});

test("drawFaults draws every kind of fault", () => {
  const faults = drawFaults(createPrng(1), {
    kinds: FAULTS,
    hosts: ["cloud", "edge-1"],
    fromMs: 0,
    untilMs: 1_000_000,
    meanGapMs: 1_000,
    longestMs: 5_000,
  });
  assert.equal([...new Set(faults.map(({ kind }) => kind))].sort(), [...FAULTS].sort());
});

test("simulate gives the same history for the same seed where its shape is drawn, too, and draws another for another", async () => {
  const [once, again] = [await simulate({ seed: 3, swarm: true }), await simulate({ seed: 3, swarm: true })];
  assert.is(again.history, once.history);
  const shapes = [1, 2, 3, 4, 5].map((seed) => JSON.stringify(drawShape(createPrng(seed))));
  assert.is(new Set(shapes).size, shapes.length);
});

for (const bug of BUG_KINDS) {
  test(`simulate finds the planted bug ${bug} within ${SEEDS_MAX} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS_MAX; seed++) {
      const { findings } = await simulate({ seed, bug, stopAtFirst: true });
      if (findings.length > 0) return;
    }
    assert.unreachable("it was not found");
  });
}

test("simulate swaps tables 1,000 times under load with nodes dying, and loses nothing", async () => {
  const { findings, faults } = await simulate({
    seed: 77,
    faults: ["swapTable", "killEdge"],
    faultyMs: 150_000,
    meanGapMs: 100,
  });
  assert.equal(findings, []);
  assert.ok(faults.filter(({ kind }) => kind === "swapTable").length >= 900);
});

test("simulate with a hub that is down for up to a minute loses nothing, and drains once it is back", async () => {
  for (const seed of [2, 4]) {
    const { findings, faults } = await simulate({
      seed,
      faults: ["killHub"],
      faultyMs: 150_000,
      meanGapMs: 50_000,
      longestMs: 60_000,
    });
    assert.equal(findings, []);
    assert.ok(faults.some(({ lastsMs }) => lastsMs > 20_000));
  }
});

test("simulate with services twenty times too slow holds what can wait, drops live tasks by name, and drains", async () => {
  // One source of this seed is live, and its camera is away for a while.
  const { findings, gaps, redelivered } = await simulate({
    seed: 2,
    faults: [],
    faultyMs: 150_000,
    slowness: 20,
  });
  assert.equal([findings, Object.keys(gaps).sort(), redelivered], [[], ["outage", "windowFull"], 0]);
});

test.run();
