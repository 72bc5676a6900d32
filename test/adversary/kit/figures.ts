/** What a run of attacks came to, as a table with its sums below. */

import { sumOf } from "./counts.js";
import type { Outcome } from "./play.js";
import { mib, tallyOf, tallyText } from "./tally.js";

export function figures(outcomes: readonly Outcome[]): string {
  return [
    row("outcome", "attack", "counted", "hub MiB", "as what, or what it got"),
    ...outcomes.map(({ attack, breach, counted, hubPeakBytes }) =>
      row(
        breach === null ? attack.expected : "OPEN",
        attack.id,
        String(sumOf(counted)),
        String(mib(hubPeakBytes)),
        breach ?? Object.keys(counted).sort().join(", "),
      ),
    ),
    "",
    tallyText([tallyOf(outcomes)]),
  ].join("\n");
}

function row(state: string, id: string, counted: string, bytes: string, what: string): string {
  return `${state.padEnd(9)} ${id.padEnd(34)} ${counted.padStart(7)} ${bytes.padStart(7)}  ${what}`.trimEnd();
}
