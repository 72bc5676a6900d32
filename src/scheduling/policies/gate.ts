/**
 * Cloud or edges, by what the link to the cloud carries: the gate of `dynamic` and of those that go by a profile. And over which
 * links pixels may go to another edge.
 */

import type { NodeName, StageId } from "../../task/identity.js";
import { carriesFrames, type Stage } from "../../task/pipeline.js";
import type { Explanation } from "../../task/requests.js";
import { needOf } from "../load.js";
import type { PolicyView } from "../policy.js";
import { spareMbps } from "../view-queries.js";

type Tier = "cloud" | "edges";

export interface GateParameters {
  /** Where a source runs while the bandwidth to the cloud was never measured. */
  readonly unknownBandwidth: "cloud" | "edge";
  /** Share by which bandwidth must be better to move for it, 0 to 1. */
  readonly improvementMin: number;
  /** Time in ms that a placement stands at least, unless it has become impossible. */
  readonly dwellMsMin: number;
}

/** What the gate remembers. */
export interface GateState {
  /** Null before the first decision. */
  readonly tier: Tier | null;
  readonly changedAtMs: number;
}

export interface Gate {
  readonly tier: Tier;
  /** It stays on another tier until it has stood long enough. */
  readonly wanted: Tier;
  /** What the link to the cloud has to spare, in Mbit/s; null where it is not known. */
  readonly spare: number | null;
  /** Of the source's payloads. */
  readonly needMbps: number;
  /** Whether the placement has stood long enough to change for the better. */
  readonly settled: boolean;
}

export function gateOf(view: PolicyView, state: GateState, parameters: GateParameters): Gate {
  const { mbps: needMbps } = needOf(view.source.configuration, view.imageBytesPerPixel);
  const settled = state.tier === null || view.nowMs - state.changedAtMs >= parameters.dwellMsMin;
  const spare = spareMbps(view, view.source.node, view.fallback);
  const wanted = wantedTier(state.tier, { parameters, spare, needMbps });
  return { tier: settled || state.tier === null ? wanted : state.tier, wanted, spare, needMbps, settled };
}

function wantedTier(
  tier: Tier | null,
  {
    parameters,
    spare,
    needMbps,
  }: { readonly parameters: GateParameters; readonly spare: number | null; readonly needMbps: number },
): Tier {
  if (spare === null) return tier ?? (parameters.unknownBandwidth === "cloud" ? "cloud" : "edges");
  const margin = tier === "edges" ? 1 + parameters.improvementMin : 1;
  return spare >= needMbps * margin ? "cloud" : "edges";
}

/** Whether the pixels that a stage reads, if any, can come to a node from where they are. */
export function isReachable(
  {
    view,
    needMbps,
    improvementMin,
  }: { readonly view: PolicyView; readonly needMbps: number; readonly improvementMin: number },
  { id, predecessors }: Stage,
  node: NodeName,
  {
    placed,
    held,
  }: { readonly placed: ReadonlyMap<StageId, readonly NodeName[]>; readonly held: NodeName | undefined },
): boolean {
  const { pipeline, node: sourceNode } = view.source;
  // Whoever holds a stage keeps it while its link is enough; another has to have some to spare.
  const margin = node === held ? 1 : 1 + improvementMin;
  for (const predecessor of predecessors.length === 0 ? [null] : predecessors) {
    if (!carriesFrames(pipeline, predecessor, id)) continue;
    const from = predecessor === null ? sourceNode : (placed.get(predecessor)?.[0] ?? view.fallback);
    if ((spareMbps(view, from, node) ?? 0) < needMbps * margin) return false;
  }
  return true;
}

export function explainGate({ tier, wanted, spare, needMbps }: Gate): Explanation {
  const found =
    spare === null
      ? "bandwidth to the cloud is unknown"
      : `the link to the cloud ${spare >= needMbps ? "carries" : "does not carry"} the source`;
  const verdict = tier === wanted ? `placed on ${tier}` : `kept on ${tier} until it has stood long enough`;
  return {
    reason: `${found}: ${verdict}`,
    inputs: {
      spareMbps: spare === Number.POSITIVE_INFINITY ? "local" : spare,
      needMbps,
      tier,
      wanted,
    },
  };
}
