/** Attacks as tests of one file: each is held. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Attack } from "./attack.js";
import { figures } from "./figures.js";
import { playAll, type Outcome } from "./play.js";
import { TALLY_MARK, tallyOf } from "./tally.js";

export function testAttacks(attacks: readonly Attack[]): void {
  const played = new Map<string, Outcome>();
  test(`all of ${attacks.length} attacks were played to their end`, async () => {
    const outcomes = await playAll(attacks, (outcome) => void played.set(outcome.attack.id, outcome));
    console.log(figures(outcomes));
    // On a line of its own, for whoever runs all files and adds them up.
    console.log(`\n${TALLY_MARK}${JSON.stringify(tallyOf(outcomes))}`);
    assert.is(outcomes.length, attacks.length);
  });
  for (const { id, what } of attacks) {
    test(`${id}: ${what}`, () => {
      const outcome = played.get(id);
      if (outcome === undefined) throw new Error("It was not played");
      if (outcome.breach !== null) throw new Error(`It succeeds: ${outcome.breach}`);
    });
  }
}
