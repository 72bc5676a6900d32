/** Says on standard error that a store was damaged and repaired. */

import { describeRepair } from "../src/storage/repairs.js";
import type { Repair } from "../src/task/reports.js";
import { err } from "./terminal.js";

export function sayDamage(folder: string): (repair: Repair) => void {
  return (repair) => err.line(`warning: ${describeRepair(`store "${folder}"`, repair)}`);
}
