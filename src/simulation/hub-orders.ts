/** What is ordered at the hub of a simulated cluster itself, over no link: nothing where the hub is down. */

import { createControl } from "../operator/control.js";
import type { SluiceNode } from "../node/node.js";
import { errorText } from "../runtime/errors.js";
import { parseSourceId } from "../task/identity.js";
import type { PolicySpec } from "../task/requests.js";
import type { History } from "./history.js";
import type { SimulatedSource } from "./simulated-source.js";

/** A hub that dies meanwhile does not answer, and one that has restarted may not know the source yet. */
export function setPolicyAt(
  hub: SluiceNode,
  source: SimulatedSource,
  { policy, history }: { readonly policy: PolicySpec; readonly history: History },
): void {
  createControl(hub.system, hub.cloud, () => 0)
    .setPolicy(parseSourceId(source.id), policy)
    .catch((thrown: unknown) => history.add(`the swap was not taken: ${errorText(thrown)}`));
}

/** Has sources go on, whether they are paused or not. */
export function continueAt(
  hub: SluiceNode | null,
  sources: readonly SimulatedSource[],
  history: History,
): void {
  if (hub === null) return;
  const control = createControl(hub.system, hub.cloud, () => 0);
  for (const { id } of sources) {
    control
      .continueSource(parseSourceId(id))
      .catch((thrown: unknown) => history.add(`${id} cannot go on yet: ${errorText(thrown)}`));
  }
}
