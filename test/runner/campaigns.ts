/**
 * What `npm test` leaves to the gate, so that it takes minutes: campaigns, which find by mass what the suite tests by example, and files
 * that take long, as they start whole programs again and again. Who changes a thing runs the suite, and of the others those that he names.
 */

import type { Durations } from "./order.js";

const CAMPAIGNS: readonly string[] = ["adversary/", "simulation/more-seeds.test.js"];
/** What is soon told of the campaigns themselves, and the few seeds that find most. */
const ALWAYS = new Set([
  "adversary/catalogue.test.js",
  "adversary/shapes.test.js",
  "simulation/seeds.test.js",
]);
/** Of a file, as it was recorded, in seconds. */
const LONG_S = 12;

/** @param name of a compiled test file, below the folder of tests */
export function isLeftToGate(name: string, durations: Durations): boolean {
  if (ALWAYS.has(name)) return false;
  return CAMPAIGNS.some((start) => name.startsWith(start)) || (durations[name] ?? 0) >= LONG_S;
}

/** One line that says what was left out; empty where nothing was. */
export function leftOutText(names: readonly string[]): string {
  if (names.length === 0) return "";
  const campaigns = CAMPAIGNS.join(", ");
  return `Not run, as the gate alone runs them: ${names.length} files, of campaigns (${campaigns}) and such as take ${LONG_S} s or longer. All: npm run check, or --all here`;
}
