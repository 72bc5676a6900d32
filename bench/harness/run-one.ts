/** Runs one case in a process of its own, and tells its result. Usage: by `runCaseApart`, with a name and a plan. */

import { CASES } from "../cases/cases.js";
import { Unavailable, type RoundPlan } from "./case.js";
import { runCase } from "./run-case.js";

const [name, plan] = process.argv.slice(2);
const bench = CASES.find((known) => known.name === name);
if (bench === undefined || plan === undefined) throw new Error(`There is no bench "${name}"`);
/** Who wanted the result is gone: so are this process and those that it started, which are of its group. */
const giveUp = (): void => void process.kill(-process.pid, "SIGKILL");
process.once("disconnect", giveUp);
try {
  // Both ends are this folder.
  process.send?.({ result: await runCase(bench, JSON.parse(plan) as RoundPlan) });
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  process.send?.({ unavailable: error.message });
}
process.removeListener("disconnect", giveUp);
process.disconnect?.();
