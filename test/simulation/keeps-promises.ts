/** Clusters whose shape and faults are drawn from seeds, one after the other: each keeps every promise. */

import * as assert from "uvu/assert";
import { simulate } from "../../src/simulation/simulation.js";

/**
 * Faults of any run of seeds have more tasks delivered again than there are seeds.
 *
 * @returns the laws that were put to the test
 */
export async function keepPromises({
  from,
  to,
}: {
  readonly from: number;
  readonly to: number;
}): Promise<readonly string[]> {
  let redelivered = 0;
  const tried = new Set<string>();
  for (let seed = from; seed <= to; seed++) {
    const report = await simulate({ seed, swarm: true });
    assert.equal(report.findings, [], `again: npm run simulate -- --seed ${seed}`);
    redelivered += report.redelivered;
    for (const law of Object.keys(report.coverage.laws)) tried.add(law);
  }
  assert.ok(redelivered > to - from, "faults had tasks delivered again");
  return [...tried];
}
