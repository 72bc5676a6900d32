/** Which of the nodes that may capture a source does. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { chooseHost, type Candidate } from "../../../src/actors/scheduler/hosting/choose-host.js";
import type { Hosting } from "../../../src/task/hosting.js";
import { CLOUD, EDGE_1, EDGE_2 } from "./cluster.js";

const PRESENT: readonly Candidate[] = [
  { name: EDGE_1, sources: 3, cpuShare: 0.1 },
  { name: EDGE_2, sources: 1, cpuShare: 0.9 },
  { name: CLOUD, sources: 1, cpuShare: 0.5 },
];

for (const { choice, candidates, random = 0, node } of [
  { choice: "fixed", candidates: [EDGE_2, EDGE_1], node: EDGE_2 },
  { choice: "fixed", candidates: "any", node: EDGE_1 },
  { choice: "random", candidates: [EDGE_1, EDGE_2], random: 0.6, node: EDGE_2 },
  { choice: "leastLoaded", candidates: [EDGE_1, EDGE_2], node: EDGE_2 },
  { choice: "leastLoaded", candidates: "any", node: CLOUD },
] satisfies readonly (Hosting & { readonly random?: number; readonly node: string })[]) {
  test(`chooseHost takes ${node} of ${String(candidates)} where it is ${choice}`, () => {
    assert.is(chooseHost({ candidates, choice }, PRESENT, random)?.node, node);
  });
}

test("chooseHost takes none that is not there", () => {
  assert.is(chooseHost({ candidates: [EDGE_2], choice: "fixed" }, PRESENT.slice(0, 1), 0), null);
});

test.run();
