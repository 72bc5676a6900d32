/** As many seeds as the gate has time for; parts of them are tests of their own, so that one that takes long is seen to go on. */

import { test } from "../support/test.js";
import { keepPromises } from "./keeps-promises.js";

const FROM = 17;
const TO = 160;
const PART = 24;

for (let from = FROM; from <= TO; from += PART) {
  const to = Math.min(from + PART - 1, TO);
  test(`a simulated cluster keeps its promises with seeds ${from} to ${to}`, () =>
    keepPromises({ from, to }));
}

test.run();
