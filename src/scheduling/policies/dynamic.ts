/**
 * Cloud while the link to it carries what the source makes, otherwise edges by their free capacity.
 *
 * After the baseline of that name in Dayu (dayu-autostreamer/dayu, Apache-2.0), which compares the bandwidth with a constant and
 * draws every stage by itself. Here links between edges have their price too, and pipelines may fork and join.
 *
 * DY1 Cloud or edges is decided by what the link from the source's node to the fallback carries beside the other sources, and
 *     what this one needs: bytes a task times rate. What is known of a link stays known until it is measured again, as a node
 *     probes links that no task crosses; only one that was never measured is unknown.
 * DY2 An edge's free capacity is `1 - (cpu + memory) / 2`, both as shares from 0 to 1, less what other sources were decided to
 *     do there since it was sampled. An edge is a candidate only for services that it offers and while its samples are fresh;
 *     one that was never sampled counts as half free.
 * DY3 Pixels cross to another edge only by a link that is known to carry them. What only reads results goes anywhere.
 * DY4 It does not flap: a change for the better waits until `dwellMsMin` after the last one and must improve by
 *     `improvementMin`. A change that a missing node or service forces comes at once.
 */

import { z } from "../../runtime/parse.js";
import type { NodeName, StageId } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { Explanation } from "../../task/requests.js";
import type { Decision, NodeView, SinglePolicy, PolicyView } from "../policy.js";
import { offering, seededRandom } from "../view-queries.js";
import { cloudNodes } from "./cloud-only.js";
import { explainGate, gateOf, isReachable, type GateState } from "./gate.js";
import { gateParameters, parametersOf, parseParameters } from "./parameters.js";

export const schema = z.strictObject({
  ...gateParameters("cloud"),
  /** Age in ms of a node's sample at which the node counts as silent. Default 5,000. */
  sampleAgeMsMax: z.number().positive().default(5_000),
});

type Parameters = z.output<typeof schema>;

interface State extends GateState {
  readonly parameters: Parameters;
}

/** What a decision weighs. */
interface Weighed {
  readonly parameters: Parameters;
  readonly view: PolicyView;
  /** Of the source's payloads. */
  readonly needMbps: number;
  /** Whether the placement has stood long enough to change for the better. */
  readonly settled: boolean;
  readonly random: () => number;
}

/** Free capacity of a node that was never sampled: neither sought nor shunned. */
const FREE_SHARE_UNKNOWN = 0.5;

export const dynamic: SinglePolicy<Parameters, State> = {
  name: "dynamic",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("dynamic", schema, parameters),
  start: (parameters) => ({ parameters, tier: null, changedAtMs: 0 }),
  decide(state, view) {
    const { parameters } = state;
    const gate = gateOf(view, state, parameters);
    const why = explainGate(gate);
    if (gate.tier === "cloud") return onCloud(state, view, why);
    const { needMbps, settled } = gate;
    return onEdges(state, { parameters, view, needMbps, settled, random: seededRandom(view.seed) }, why);
  },
};

function onCloud(state: State, view: PolicyView, why: Explanation): Decision<State> {
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const { id, service } of view.source.pipeline.stages) placement.set(id, cloudNodes(service, view));
  return {
    state: state.tier === "cloud" ? state : { ...state, tier: "cloud", changedAtMs: view.nowMs },
    plan: { configuration: view.source.configuration, placement },
    why,
  };
}

function onEdges(state: State, weighed: Weighed, why: Explanation): Decision<State> {
  const { view, settled } = weighed;
  const placement = new Map<StageId, readonly NodeName[]>();
  let moved = state.tier !== "edges";
  for (const stage of view.source.pipeline.stages) {
    const held = state.tier === "edges" ? view.plan?.placement.get(stage.id)?.[0] : undefined;
    const cloud = cloudNodes(stage.service, view);
    const waiting = !settled && held !== undefined && cloud.includes(held);
    const chosen = waiting ? undefined : chooseEdge(weighed, stage, placement, held);
    if (held !== undefined && held !== (chosen ?? cloud[0])) moved = true;
    placement.set(stage.id, chosen === undefined ? cloud : [chosen, ...cloud]);
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

/** The edge that runs a stage: the one that holds it, unless it cannot any more or another is clearly freer. */
function chooseEdge(
  weighed: Weighed,
  stage: Stage,
  placed: ReadonlyMap<StageId, readonly NodeName[]>,
  held: NodeName | undefined,
): NodeName | undefined {
  const { view, needMbps, parameters, settled, random } = weighed;
  const { improvementMin } = parameters;
  const candidates: Candidate[] = [];
  let holder: Candidate | undefined;
  for (const node of offering(view, stage.service)) {
    const { name, role } = node.description;
    if (role !== "edge" || (node.sampleAgeMs ?? 0) > parameters.sampleAgeMsMax) continue;
    if (!isReachable({ view, needMbps, improvementMin }, stage, name, { placed, held })) continue;
    const candidate = { name, freeShare: freeShareOf(node, view.unsampledBusyMs.get(name)) };
    candidates.push(candidate);
    if (name === held) holder = candidate;
  }
  if (holder === undefined) return draw(candidates, random);
  if (!settled) return holder.name;
  const enough = holder.freeShare + improvementMin;
  const better = candidates.filter(({ freeShare }) => freeShare > enough);
  return better.length === 0 ? holder.name : draw(better, random);
}

/** `1 - (cpu + memory) / 2`, both clamped to shares from 0 to 1, with work that the sample does not show yet. */
export function freeShareOf({ sample }: NodeView, unsampledBusyMs = 0): number {
  const share = (value: number) => Math.min(1, Math.max(0, value));
  const unsampled = unsampledBusyMs / 1_000 / Math.max(1, sample?.cpuCount ?? 1);
  if (sample === null) return share(FREE_SHARE_UNKNOWN - unsampled / 2);
  const memoryShare = sample.memoryTotalBytes > 0 ? sample.memoryUsedBytes / sample.memoryTotalBytes : 1;
  return 1 - (share(sample.cpuShare + unsampled) + share(memoryShare)) / 2;
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
