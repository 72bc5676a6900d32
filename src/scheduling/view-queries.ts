/** What policies ask of their view, which is plain data. */

import { stageKeyText, type NodeName } from "../task/identity.js";
import type { Stage } from "../task/pipeline.js";
import type { LinkView, NodeView, PolicyView, ServiceTime, StageQueue } from "./policy.js";

/** The nodes that offer `service`, in order of name. */
export function offering(
  { offers, nodes }: Pick<PolicyView, "offers" | "nodes">,
  service: string,
): readonly NodeView[] {
  return (offers.get(service) ?? []).flatMap((name) => nodes.get(name) ?? []);
}

const UNKNOWN_LINK: LinkView = { bandwidthMbps: null, bandwidthAgeMs: null, rttMs: null, rttAgeMs: null };
const OWN_LINK: LinkView = {
  bandwidthMbps: Number.POSITIVE_INFINITY,
  bandwidthAgeMs: 0,
  rttMs: 0,
  rttAgeMs: 0,
};

/** What is known of the way from one node to another; from a node to itself nothing has to cross. */
export function linkBetween({ links }: Pick<PolicyView, "links">, from: NodeName, to: NodeName): LinkView {
  if (from === to) return OWN_LINK;
  return links.get(from)?.get(to) ?? UNKNOWN_LINK;
}

/** What of a link the plans of other sources leave, in Mbit/s; null where the link is not known. */
export function spareMbps(
  view: Pick<PolicyView, "links" | "others">,
  from: NodeName,
  to: NodeName,
): number | null {
  const { bandwidthMbps } = linkBetween(view, from, to);
  return bandwidthMbps === null ? null : bandwidthMbps - (view.others.mbps.get(from)?.get(to) ?? 0);
}

/** Stages of one service with one set of parameters take alike, so each variant for itself. */
export function workKey({ service, parameters }: Pick<Stage, "service" | "parameters">): string {
  return Object.keys(parameters).length === 0 ? service : `${service} ${JSON.stringify(parameters)}`;
}

/** What a stage takes on a node, in the variant that it is, for one frame; null where it was never seen to run there. @see stageIn */
export function serviceTime(
  { serviceTimes }: Pick<PolicyView, "serviceTimes">,
  stage: Pick<Stage, "service" | "parameters">,
  node: NodeName,
): ServiceTime | null {
  return serviceTimes.get(workKey(stage))?.get(node) ?? null;
}

/** What waits and runs of a stage of the source's pipeline on a node; null where nothing is known of the node. */
export function stageQueue(
  { nodes, source: { pipeline } }: Pick<PolicyView, "nodes" | "source">,
  { id: stage, variant, stateful }: Pick<Stage, "id" | "variant" | "stateful">,
  node: NodeName,
): StageQueue | null {
  const known = nodes.get(node);
  if (known === undefined || known.sample === null || known.sampleAgeMs === null) return null;
  const { id: pipelineId, version: pipelineVersion } = pipeline;
  const key = stageKeyText({ pipelineId, pipelineVersion, stage, ...(variant !== undefined && { variant }) });
  return {
    tasks: known.sample.queued[key] ?? 0,
    slots: stateful ? 1 : (known.description.capacity?.workersPerStage ?? 1),
    ageMs: known.sampleAgeMs,
  };
}

/** Numbers in [0, 1), the same for the same seed. Mulberry32, by Tommy Ettinger, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
