/** What is known of the cluster at one moment, laid out once a round for every decision of that round. */

import type { NodeDescription } from "../../task/requests.js";
import type { ResourceSample } from "../../task/reports.js";
import type { NodeName } from "../../task/identity.js";
import type { BandwidthEstimates } from "./bandwidth-estimates.js";
import type { LinkView, NodeView, PolicyView } from "../../scheduling/policy.js";
import type { ServiceTimes } from "./service-times.js";

export interface NodeEntry {
  readonly description: NodeDescription;
  sample: ResourceSample | null;
  /** When the sample arrived, less how late it came, by this node's monotonic clock. @see SampleDelays */
  sampledAtMs: number;
  /** The same of the one before it, so when the time began that it covers; null before the second. */
  sampledFromMs: number | null;
}

/** What all decisions of a round see alike. */
export type ClusterView = Pick<
  PolicyView,
  "nowMs" | "nodes" | "offers" | "links" | "serviceTimes" | "fallback"
>;

export interface Known {
  readonly nodes: ReadonlyMap<NodeName, NodeEntry>;
  readonly bandwidths: BandwidthEstimates;
  readonly serviceTimes: ServiceTimes;
}

/** Takes the view at `nowMs`. Nodes stand in order of name, so that the same facts give the same decisions. */
export function viewCluster(
  { nodes: entries, bandwidths, serviceTimes }: Known,
  { nowMs, fallback }: { readonly nowMs: number; readonly fallback: NodeName },
): ClusterView {
  const nodes = new Map<NodeName, NodeView>();
  const offers = new Map<string, NodeName[]>();
  for (const name of [...entries.keys()].sort()) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    const { description, sample } = entry;
    nodes.set(name, { description, sample, sampleAgeMs: sample === null ? null : nowMs - entry.sampledAtMs });
    for (const service of description.services) {
      const offering = offers.get(service);
      if (offering === undefined) offers.set(service, [name]);
      else if (offering.at(-1) !== name) offering.push(name);
    }
  }
  const links = new Map<NodeName, Map<NodeName, LinkView>>();
  for (const [name, node] of nodes) links.set(name, linksOf(name, node, { nodes, bandwidths, nowMs }));
  for (const [name, node] of nodes) boundByHub(name, node, links, fallback);
  return { nowMs, nodes, offers, links, serviceTimes: serviceTimes.report(nowMs), fallback };
}

/** What tasks told of each link, or, where none crossed it since, what its node measured. */
function linksOf(
  from: NodeName,
  { sample, sampleAgeMs }: NodeView,
  known: {
    readonly nodes: ReadonlyMap<NodeName, NodeView>;
    readonly bandwidths: BandwidthEstimates;
    readonly nowMs: number;
  },
): Map<NodeName, LinkView> {
  const links = new Map<NodeName, LinkView>();
  const reached = new Set([...known.bandwidths.reachedFrom(from), ...Object.keys(sample?.links ?? {})]);
  for (const name of reached) {
    // Names of links come from samples, as text; those of no node are nothing to a policy.
    const to = known.nodes.get(name as NodeName)?.description.name;
    if (to === undefined) continue;
    const observed = known.bandwidths.between(from, to);
    const sampled = sample?.links[to];
    if (observed === null && sampled === undefined) continue;
    const rttMs = sampled?.rttMs ?? null;
    const rttAgeMs = sampled === undefined ? null : sampleAgeMs;
    const observedAgeMs = observed === null ? Number.POSITIVE_INFINITY : known.nowMs - observed.observedAtMs;
    const measuredMbps = sampled?.bandwidthMbps ?? null;
    const measuredAgeMs = (sampleAgeMs ?? 0) + (sampled?.bandwidthAgeMs ?? 0);
    if (measuredMbps !== null && measuredAgeMs < observedAgeMs) {
      links.set(to, { bandwidthMbps: measuredMbps, bandwidthAgeMs: measuredAgeMs, rttMs, rttAgeMs });
    } else {
      const bandwidthAgeMs = observed === null ? null : observedAgeMs;
      links.set(to, { bandwidthMbps: observed?.mbps ?? null, bandwidthAgeMs, rttMs, rttAgeMs });
    }
  }
  return links;
}

/** What goes through the hub is no faster than the hub's links to either end, whatever was measured before those became slow. */
function boundByHub(
  from: NodeName,
  { sample }: NodeView,
  links: ReadonlyMap<NodeName, Map<NodeName, LinkView>>,
  hub: NodeName,
): void {
  const own = links.get(from);
  for (const [to, link] of own ?? []) {
    if (sample?.links[to]?.relayed !== true) continue;
    const parts = [link, own?.get(hub), links.get(hub)?.get(to)];
    const slowest = parts.reduce((a, b) =>
      (b?.bandwidthMbps ?? Infinity) < (a?.bandwidthMbps ?? Infinity) ? b : a,
    );
    if (slowest === undefined || slowest === link) continue;
    const { bandwidthMbps, bandwidthAgeMs } = slowest;
    own?.set(to, { ...link, bandwidthMbps, bandwidthAgeMs });
  }
}
