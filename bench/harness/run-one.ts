/** Runs one case in a process of its own, and tells `bench/run.ts` its result. Usage: by `fork`, with a name and a plan. */

import { CASES } from "../cases/cases.js";
import { runCase, type RoundPlan } from "./run-case.js";

const [name, plan] = process.argv.slice(2);
const bench = CASES.find((known) => known.name === name);
if (bench === undefined || plan === undefined) throw new Error(`There is no bench "${name}"`);
// Both ends are this folder.
const result = await runCase(bench, JSON.parse(plan) as RoundPlan);
process.send?.(result);
process.disconnect?.();
