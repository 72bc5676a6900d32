/** `npm run adversary`: plays all attacks, or some, and ends with the figures. */

import { parseArgs } from "node:util";
import { allAttacks } from "./attacks/all.js";
import { figures } from "./kit/figures.js";
import { playAll } from "./kit/play.js";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    list: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", short: "h", default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (values.help) {
    console.log("Usage: npm run adversary -- [--list] [--only ID-OR-PART]... [--seed N]");
    return 0;
  }
  const chosen = allAttacks(Number(values.seed)).filter(
    ({ id }) => values.only?.some((part) => id.includes(part)) ?? true,
  );
  if (values.list) {
    for (const { id, who, what, expected } of chosen) console.log(`${id}  [${who}, ${expected}]  ${what}`);
    return 0;
  }
  const outcomes = await playAll(chosen, ({ attack, breach }, again) => {
    const state = breach === null ? "held" : "OPEN";
    const got = breach === null ? "" : `: ${breach}`;
    console.log(`${state}  ${attack.id}${got}${again ? " (played again at the end)" : ""}`);
  });
  console.log(`\n${figures(outcomes)}`);
  return outcomes.some(({ breach }) => breach !== null) ? 1 : 0;
}
