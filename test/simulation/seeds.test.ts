/** Whole clusters under faults from seeds; `more-seeds.test.ts` goes on from here. */

import { test } from "../support/test.js";
import { keepPromises } from "./keeps-promises.js";

test("a simulated cluster keeps its promises under every kind of fault, seed after seed", async () => {
  await keepPromises({ from: 1, to: 16 });
});

test.run();
