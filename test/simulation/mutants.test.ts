import { readFileSync } from "node:fs";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MUTANTS } from "../../src/simulation/mutants.js";
import { applyMutant, MUTANT_AREAS } from "../../src/simulation/mutants/mutant.js";

test("each mutant still finds its text in the compiled code, once, and changes it", () => {
  const problems = MUTANTS.flatMap((mutant) => {
    const code = readFileSync(new URL(`../../src/${mutant.file}`, import.meta.url), "utf8");
    try {
      return applyMutant(code, mutant) === code ? [`${mutant.id} changes nothing`] : [];
    } catch (error) {
      return [String(error)];
    }
  });
  assert.equal(problems, []);
});

test("mutants have names of their own, and every area has ten or more of the sixty", () => {
  assert.is(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length);
  assert.ok(MUTANTS.length >= 60);
  for (const area of MUTANT_AREAS) {
    assert.ok(MUTANTS.filter((mutant) => mutant.area === area).length >= 10, area);
  }
});

test.run();
