/**
 * Cloud while the link to it is fast enough, otherwise edges by their free capacity.
 *
 * DY1 Cloud or edges is decided by the bandwidth from the source's node to the fallback. It is `unknown` before any
 *     transfer was seen, and again when the last one is too old: by default the cloud is then tried, as nothing but a
 *     transfer can tell, so a source that fled a slow link finds back by itself.
 * DY2 An edge's free capacity is `1 - (cpu + memory) / 2`, both as shares from 0 to 1. An edge is a candidate only for
 *     services that it offers and while its samples are fresh; one that was never sampled counts as half free.
 * DY3 It does not flap: a change for the better waits until `dwellMsMin` after the last one and must improve by
 *     `improvementMin`. A change that a missing node or service forces comes at once.
 */

import { z } from "../../../runtime/parse.js";
import type { Explanation } from "../../../task/requests.js";
import type { NodeName, StageId } from "../../../task/identity.js";
import type { Decision, NodeView, Policy, PolicyView } from "../policy.js";
import { cloudNodes } from "./cloud-only.js";
import { parseParameters } from "./parameters.js";

const schema = z.strictObject({
  /** Bandwidth in Mbit/s from which on the cloud is used. Default 6. */
  bandwidthMbpsMin: z.number().positive().default(6),
  /** Where a source runs while its bandwidth is unknown. Default `cloud`. */
  unknownBandwidth: z.enum(["cloud", "edge"]).default("cloud"),
  /** Age in ms at which a bandwidth is unknown again. Default 30,000. */
  bandwidthAgeMsMax: z.number().positive().default(30_000),
  /** Share by which bandwidth or free capacity must be better to move for it, 0 to 1. Default 0.2. */
  improvementMin: z.number().min(0).max(1).default(0.2),
  /** Time in ms that a placement stands at least, unless it has become impossible. Default 10,000. */
  dwellMsMin: z.number().min(0).default(10_000),
  /** Age in ms of a node's sample at which the node counts as silent. Default 5,000. */
  sampleAgeMsMax: z.number().positive().default(5_000),
});

type Parameters = z.output<typeof schema>;
type Tier = "cloud" | "edges";

interface State {
  readonly parameters: Parameters;
  /** Null before the first decision. */
  readonly tier: Tier | null;
  readonly changedAtMs: number;
}

/** Free capacity of a node that was never sampled: neither sought nor shunned. */
const FREE_SHARE_UNKNOWN = 0.5;

export const dynamic: Policy<Parameters, State> = {
  name: "dynamic",
  parse: (parameters) => parseParameters("dynamic", schema, parameters),
  start: (parameters) => ({ parameters, tier: null, changedAtMs: 0 }),
  decide(state, view) {
    const bandwidthMbps = freshBandwidth(state, view);
    const wanted = wantedTier(state, view, bandwidthMbps);
    const settled = state.tier === null || view.nowMs - state.changedAtMs >= state.parameters.dwellMsMin;
    const tier = settled || state.tier === null ? wanted : state.tier;
    const why = explain({ tier, wanted, bandwidthMbps, minMbps: state.parameters.bandwidthMbpsMin });
    return tier === "cloud" ? onCloud(state, view, why) : onEdges(state, view, why, settled);
  },
};

function freshBandwidth({ parameters }: State, view: PolicyView): number | null {
  if (view.source.node === view.fallback) return Number.POSITIVE_INFINITY;
  const { bandwidthMbps, bandwidthAgeMs } = view.link(view.source.node, view.fallback);
  return bandwidthAgeMs !== null && bandwidthAgeMs <= parameters.bandwidthAgeMsMax ? bandwidthMbps : null;
}

function wantedTier({ parameters, tier }: State, view: PolicyView, bandwidthMbps: number | null): Tier {
  if (bandwidthMbps === null) return parameters.unknownBandwidth === "cloud" ? "cloud" : "edges";
  const margin = tier === "edges" ? 1 + parameters.improvementMin : 1;
  return bandwidthMbps >= parameters.bandwidthMbpsMin * margin ? "cloud" : "edges";
}

function onCloud(state: State, view: PolicyView, why: Explanation): Decision<State> {
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const { id, service } of view.source.pipeline.stages) placement.set(id, cloudNodes(service, view));
  return {
    state: state.tier === "cloud" ? state : { ...state, tier: "cloud", changedAtMs: view.nowMs },
    plan: { configuration: view.source.configuration, placement },
    why,
  };
}

function onEdges(state: State, view: PolicyView, why: Explanation, settled: boolean): Decision<State> {
  const placement = new Map<StageId, readonly NodeName[]>();
  let moved = state.tier !== "edges";
  for (const { id, service } of view.source.pipeline.stages) {
    const held = state.tier === "edges" ? view.plan?.placement.get(id)?.[0] : undefined;
    const cloud = cloudNodes(service, view);
    const waiting = !settled && held !== undefined && cloud.includes(held);
    const chosen = waiting ? undefined : chooseEdge(state.parameters, view, service, held, settled);
    if (held !== undefined && held !== (chosen ?? cloud[0])) moved = true;
    placement.set(id, chosen === undefined ? cloud : [chosen, ...cloud]);
  }
  return {
    state: moved ? { ...state, tier: "edges", changedAtMs: view.nowMs } : state,
    plan: { configuration: view.source.configuration, placement },
    why,
  };
}

interface Candidate {
  readonly name: NodeName;
  readonly freeShare: number;
}

/** The edge that runs a service: the one that holds it, unless it cannot any more or another is clearly freer. */
function chooseEdge(
  { improvementMin, sampleAgeMsMax }: Parameters,
  view: PolicyView,
  service: string,
  held: NodeName | undefined,
  settled: boolean,
): NodeName | undefined {
  const candidates: Candidate[] = [];
  let holder: Candidate | undefined;
  for (const node of view.offering(service)) {
    if (node.description.role !== "edge" || (node.sampleAgeMs ?? 0) > sampleAgeMsMax) continue;
    const candidate = { name: node.description.name, freeShare: freeShareOf(node) };
    candidates.push(candidate);
    if (candidate.name === held) holder = candidate;
  }
  if (holder === undefined) return draw(candidates, view.random);
  if (!settled) return holder.name;
  const enough = holder.freeShare + improvementMin;
  const better = candidates.filter(({ freeShare }) => freeShare > enough);
  return better.length === 0 ? holder.name : draw(better, view.random);
}

/** `1 - (cpu + memory) / 2`, both clamped to shares from 0 to 1. */
export function freeShareOf({ sample }: NodeView): number {
  if (sample === null) return FREE_SHARE_UNKNOWN;
  const share = (value: number) => Math.min(1, Math.max(0, value));
  const memoryShare = sample.memoryTotalBytes > 0 ? sample.memoryUsedBytes / sample.memoryTotalBytes : 1;
  return 1 - (share(sample.cpuShare) + share(memoryShare)) / 2;
}

/** Draws in proportion to free capacity; uniformly where nobody has any. */
function draw(candidates: readonly Candidate[], random: () => number): NodeName | undefined {
  const total = candidates.reduce((sum, { freeShare }) => sum + freeShare, 0);
  let left = random() * (total > 0 ? total : candidates.length);
  for (const { name, freeShare } of candidates) {
    left -= total > 0 ? freeShare : 1;
    if (left < 0) return name;
  }
  return candidates.at(-1)?.name;
}

function explain(gate: {
  tier: Tier;
  wanted: Tier;
  bandwidthMbps: number | null;
  minMbps: number;
}): Explanation {
  const { tier, wanted, bandwidthMbps, minMbps } = gate;
  const found =
    bandwidthMbps === null ? "bandwidth to the cloud is unknown" : "bandwidth to the cloud is known";
  const verdict = tier === wanted ? `placed on ${tier}` : `kept on ${tier} until it has stood long enough`;
  return {
    reason: `${found}: ${verdict}`,
    inputs: {
      bandwidthMbps: bandwidthMbps === Number.POSITIVE_INFINITY ? "local" : bandwidthMbps,
      bandwidthMbpsMin: minMbps,
      tier,
      wanted,
    },
  };
}
