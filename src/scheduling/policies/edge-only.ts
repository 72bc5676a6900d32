/**
 * Every stage on the source's own node, and on the cloud where that node lacks the service.
 *
 * After the baseline "edge-only-policy" of Dayu: its "fixed" with every stage on an edge. There pipelines are lines of two services at most
 * and the configuration is a constant; here they may fork and join.
 */

import type { NodeName, StageId } from "../../task/identity.js";
import { cloudNodes } from "./cloud-only.js";
import { createStatelessPolicy } from "./stateless.js";

export const edgeOnly = createStatelessPolicy("edge-only", (view) => {
  const own = view.source.node;
  const placement = new Map<StageId, readonly NodeName[]>();
  let offloaded = 0;
  for (const { id, service } of view.source.pipeline.stages) {
    const local = view.offers.get(service)?.includes(own) === true;
    if (!local) offloaded++;
    placement.set(id, local ? [own] : cloudNodes(service, view));
  }
  return {
    plan: { configuration: view.source.configuration, placement },
    why: {
      reason:
        offloaded === 0
          ? "all stages on the source's node, as the policy says"
          : "stages on the source's node where it offers their service, the others on the cloud",
      inputs: { node: own, stagesOffloaded: offloaded },
    },
  };
});
