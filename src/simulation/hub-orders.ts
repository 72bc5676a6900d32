/** What is ordered at the hub of a simulated cluster itself, over no link: nothing where the hub is down. */

import { createControl } from "../operator/control.js";
import type { SluiceNode } from "../node/node.js";
import { errorText } from "../runtime/errors.js";
import { parseSourceId } from "../task/identity.js";
import type { PolicySpec } from "../task/requests.js";
import type { History } from "./history.js";
import type { Prng } from "./prng.js";
import type { SimulatedSource } from "./simulated-source.js";
import type { VirtualTime } from "./virtual-time.js";

interface Swap {
  readonly prng: Prng;
  readonly history: History;
  readonly sources: readonly SimulatedSource[];
  readonly policyOf: (source: SimulatedSource) => PolicySpec;
}

/** Another policy for any of the sources. A hub that dies meanwhile does not answer, and one that has restarted may not know it yet. */
export function swapTableAt(hub: SluiceNode | null, { prng, history, sources, policyOf }: Swap): void {
  if (hub === null) return;
  const source = prng.pick(sources);
  createControl(hub.system, hub.cloud, () => 0)
    .setPolicy(parseSourceId(source.id), policyOf(source))
    .catch((thrown: unknown) => history.add(`the swap was not taken: ${errorText(thrown)}`));
}

/** Between attempts, in ms. */
const RETRY_MS = 500;

interface Continued {
  readonly sources: readonly SimulatedSource[];
  readonly history: History;
  readonly time: VirtualTime;
}

/**
 * Has sources go on, whether they are paused or not, until all have ended: a pause may be under way, or the hub may not know the source
 * yet.
 */
export function keepContinuing(hub: () => SluiceNode | null, { sources, history, time }: Continued): void {
  const left = sources.filter(({ ended }) => ended === null);
  if (left.length === 0) return;
  const node = hub();
  const control = node && createControl(node.system, node.cloud, () => 0);
  for (const { id } of left) {
    control
      ?.continueSource(parseSourceId(id))
      .catch((thrown: unknown) => history.add(`${id} cannot go on yet: ${errorText(thrown)}`));
  }
  time.after(RETRY_MS, () => keepContinuing(hub, { sources, history, time }));
}
