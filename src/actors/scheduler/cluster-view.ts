/** What is known of the cluster at one moment, laid out once a round for every decision of that round. */

import type { NodeDescription } from "../../task/requests.js";
import type { ResourceSample } from "../../task/reports.js";
import type { NodeName } from "../../task/identity.js";
import type { BandwidthEstimates } from "./bandwidth-estimates.js";
import type { LinkView, NodeView } from "./policy.js";

export interface NodeEntry {
  readonly description: NodeDescription;
  sample: ResourceSample | null;
  /** When the sample arrived, by this node's monotonic clock. */
  sampledAtMs: number;
}

export interface ClusterView {
  readonly nowMs: number;
  readonly nodes: ReadonlyMap<NodeName, NodeView>;
  readonly fallback: NodeName;
  readonly offering: (service: string) => readonly NodeView[];
  readonly link: (from: NodeName, to: NodeName) => LinkView;
}

/** Takes the view at `nowMs`. Nodes stand in order of name, so that the same facts give the same decisions. */
export function viewCluster(
  entries: ReadonlyMap<NodeName, NodeEntry>,
  bandwidths: BandwidthEstimates,
  { nowMs, fallback }: { readonly nowMs: number; readonly fallback: NodeName },
): ClusterView {
  const nodes = new Map<NodeName, NodeView>();
  for (const name of [...entries.keys()].sort()) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    const { description, sample } = entry;
    nodes.set(name, { description, sample, sampleAgeMs: sample === null ? null : nowMs - entry.sampledAtMs });
  }
  const offers = new Map<string, readonly NodeView[]>();
  return {
    nowMs,
    nodes,
    fallback,
    offering(service) {
      let found = offers.get(service);
      if (found === undefined) {
        found = [...nodes.values()].filter((node) => node.description.services.includes(service));
        offers.set(service, found);
      }
      return found;
    },
    link(from, to) {
      const node = nodes.get(from);
      const sampled = node?.sample?.links[to];
      const rttMs = sampled?.rttMs ?? null;
      const observed = bandwidths.between(from, to);
      if (observed !== null) {
        return { bandwidthMbps: observed.mbps, bandwidthAgeMs: nowMs - observed.observedAtMs, rttMs };
      }
      const bandwidthMbps = sampled?.bandwidthMbps ?? null;
      return {
        bandwidthMbps,
        bandwidthAgeMs: bandwidthMbps === null ? null : (node?.sampleAgeMs ?? null),
        rttMs,
      };
    },
  };
}
