/** What is remembered of damage that was repaired. */

import { REPAIRS_MAX } from "../task/limits.js";
import type { Repair } from "../task/reports.js";

/** The newest ones, oldest first: a disk that goes on failing fills no store with the story of it. */
export function withRepair(known: readonly Repair[], repair: Repair): readonly Repair[] {
  return [...known, repair].slice(-REPAIRS_MAX);
}
