/** Clusters whose shape and faults are drawn from seeds, one after the other: each keeps every promise. */

import * as assert from "uvu/assert";
import { simulate } from "../../src/simulation/simulation.js";

/** Faults of any run of seeds have more tasks delivered again than there are seeds. */
export async function keepPromises({
  from,
  to,
}: {
  readonly from: number;
  readonly to: number;
}): Promise<void> {
  let redelivered = 0;
  for (let seed = from; seed <= to; seed++) {
    const report = await simulate({ seed, swarm: true });
    assert.equal(report.findings, [], `again: npm run simulate -- --seed ${seed}`);
    redelivered += report.redelivered;
  }
  assert.ok(redelivered > to - from, "faults had tasks delivered again");
}
