/** Attacks as tests of one file: each holds, but those that are known to succeed, which must still do so. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { KNOWN_OPEN } from "../known-open.js";
import type { Attack } from "./attack.js";
import { figures } from "./figures.js";
import { playAll, type Outcome } from "./play.js";

export function testAttacks(attacks: readonly Attack[]): void {
  const played = new Map<string, Outcome>();
  test(`all of ${attacks.length} attacks were played to their end`, async () => {
    const outcomes = await playAll(
      attacks,
      KNOWN_OPEN,
      (outcome) => void played.set(outcome.attack.id, outcome),
    );
    console.log(figures(outcomes, KNOWN_OPEN));
    assert.is(outcomes.length, attacks.length);
  });
  for (const { id, what } of attacks) {
    test(`${id}: ${what}`, () => {
      const outcome = played.get(id);
      if (outcome === undefined) throw new Error("It was not played");
      const known = KNOWN_OPEN.has(id);
      if (outcome.breach !== null && !known) throw new Error(`It succeeds: ${outcome.breach}`);
      if (outcome.breach === null && known)
        throw new Error("It is held now: take it off the list of those known to succeed");
    });
  }
}
