/** What is said and remembered of damage that was repaired. */

import { DAMAGE_MAX, REPAIRS_MAX } from "../task/limits.js";
import type { Repair } from "../task/reports.js";

/** The newest ones, oldest first: a disk that goes on failing fills no store with the story of it. */
export function withRepair(known: readonly Repair[], repair: Repair): readonly Repair[] {
  return [...known, { ...repair, damage: repair.damage.slice(0, DAMAGE_MAX) }].slice(-REPAIRS_MAX);
}

/** Of a node's store and journals together. */
export function newestRepairs(...all: readonly (readonly Repair[])[]): readonly Repair[] {
  return all
    .flat()
    .sort((a, b) => a.atMs - b.atMs)
    .slice(-REPAIRS_MAX);
}

/** One sentence for people; `name` is what was damaged: `store "results"`. */
export function describeRepair(name: string, { damage, kept, lost }: Repair): string {
  const loss = lost === null ? "how many are lost is not known" : `${lost} are lost`;
  return `The files of ${name} were damaged and have been repaired: ${kept} entries are kept, and ${loss} (${damage.join("; ")})`;
}
