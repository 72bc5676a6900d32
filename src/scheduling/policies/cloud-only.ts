/**
 * Every stage on the cloud, in the configuration that the user asked for.
 *
 * After the baseline "cloud-only-policy" of Dayu: its "fixed" with every stage on the cloud. There pipelines are lines of two services at
 * most and the configuration is a constant; here they may fork and join, and the cloud may be several nodes, of which the next one is
 * for when the first lacks a service.
 */

import type { NodeName, StageId } from "../../task/identity.js";
import type { PolicyView } from "../policy.js";
import { offering } from "../view-queries.js";
import { createStatelessPolicy } from "./stateless.js";

export const cloudOnly = createStatelessPolicy("cloud-only", (view) => {
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const { id, service } of view.source.pipeline.stages) {
    placement.set(id, cloudNodes(service, view));
  }
  return {
    plan: { configuration: view.source.configuration, placement },
    why: { reason: "all stages on the cloud, as the policy says", inputs: {} },
  };
});

/** The cloud nodes that offer `service`: the fallback first, the others in order of name. */
export function cloudNodes(
  service: string,
  view: Pick<PolicyView, "nodes" | "offers" | "fallback">,
): NodeName[] {
  const nodes: NodeName[] = [];
  for (const { description } of offering(view, service)) {
    if (description.role !== "cloud") continue;
    if (description.name === view.fallback) nodes.unshift(description.name);
    else nodes.push(description.name);
  }
  return nodes;
}
