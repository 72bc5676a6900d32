/** As many seeds as the gate has time for; parts of them are tests of their own, so that one that takes long is seen to go on. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { keepPromises } from "./keeps-promises.js";

const FROM = 17;
const TO = 88;
const PART = 24;

/** What only some of the clusters do. */
const DONE_BY_SOME = [
  "scheduler a source that another host takes over",
  "source an operator's that its node goes on with",
];
const tried = new Set<string>();

for (let from = FROM; from <= TO; from += PART) {
  const to = Math.min(from + PART - 1, TO);
  test(`a simulated cluster keeps its promises with seeds ${from} to ${to}`, async () => {
    for (const law of await keepPromises({ from, to })) tried.add(law);
  });
}

test("some of those clusters have sources taken over, and gone on with", () => {
  assert.equal(
    DONE_BY_SOME.filter((law) => !tried.has(law)),
    [],
  );
});

test.run();
