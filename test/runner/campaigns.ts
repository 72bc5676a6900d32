/**
 * Campaigns: files that go on for minutes to find by mass what the suite tests by example. The gate runs them; who changes a
 * thing runs the suite, and them where he names them.
 */

const CAMPAIGNS: readonly string[] = ["adversary/", "simulation/more-seeds.test.js"];
/** What is soon told of the campaigns themselves. */
const SOON = new Set(["adversary/catalogue.test.js", "adversary/shapes.test.js"]);

/** @param name of a compiled test file, below the folder of tests */
export function isCampaign(name: string): boolean {
  return CAMPAIGNS.some((start) => name.startsWith(start)) && !SOON.has(name);
}

/** One line that says what was left out; empty where nothing was. */
export function leftOutText(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `Not run, as the gate alone runs them: ${names.length} files of campaigns (${CAMPAIGNS.join(", ")}). All: npm run check, or --all here`;
}
