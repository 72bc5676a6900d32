/** Runs one case in a process of its own, and tells `bench/run.ts` its result. Usage: by `fork`, with a name and a plan. */

import { CASES } from "../cases/cases.js";
import { Unavailable, type RoundPlan } from "./case.js";
import { runCase } from "./run-case.js";

const [name, plan] = process.argv.slice(2);
const bench = CASES.find((known) => known.name === name);
if (bench === undefined || plan === undefined) throw new Error(`There is no bench "${name}"`);
try {
  // Both ends are this folder.
  process.send?.({ result: await runCase(bench, JSON.parse(plan) as RoundPlan) });
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  process.send?.({ unavailable: error.message });
}
process.disconnect?.();
