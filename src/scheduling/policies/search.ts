/**
 * A joint search over placement and configuration, by prediction.
 *
 * SE1 Placements tried are cuts of the pipeline: the stages in topological order up to one run on one node, those after it on
 *     another. So every stage has the results that it reads where the cut says, also where the pipeline forks and joins. The
 *     nodes are the source's own, the cloud, and the edge with the most to spare.
 * SE2 Configurations tried are the rungs of one ladder, from least to most. For each placement the highest rung is sought that
 *     keeps the objective, by halving.
 * SE3 A plan that keeps the objective is better than one that does not; then the one that shows more, then the one that costs
 *     less. Where none keeps it and the objective yields latency, the one that shows most of the least late.
 */

import type { Objective } from "../../task/configuration-space.js";
import type { NodeName, StageId } from "../../task/identity.js";
import type { Plan, PolicyView } from "../policy.js";
import { capacityMs, predictorOf, type Prediction } from "../predict.js";
import { cloudNodes } from "./cloud-only.js";
import { detailOf, ladderOf, type Rung } from "./knobs.js";

export interface Scored {
  readonly plan: Plan;
  readonly prediction: Prediction;
  /** Lower is better. */
  readonly score: number;
}

/** Edges beside the source's own that are tried. */
const EDGES_TRIED = 1;
/** Share of a node or link that a plan may ask for, so that there is room for what varies. */
const UTILISATION_MAX = 0.8;
/** Mean latency that leaves room for the percentile of the objective, as a share of it. */
const LATENCY_SHARE_MAX = 0.7;
/** What a missed objective weighs beside all detail there is. */
const MISS_WEIGHT = 10;
/** What crossing between nodes weighs, for each 100 Mbit/s, and running on a node that others need. */
const COST_WEIGHT = 0.02;

/** The best plan, and the score of the one in force on the same scale; null of that where there is none. */
export function searchPlans(
  view: PolicyView,
  objective: Objective,
  allowed: (plan: Plan) => boolean,
): { readonly best: Scored; readonly current: Scored | null } {
  const ladder = ladderOf(view.source);
  const predicted = predictorOf(view);
  const score = (plan: Plan, detail = detailOf(plan.configuration, view.source)): Scored =>
    scoreOf(plan, predicted(plan), { detail, objective });
  const current = view.plan === null ? null : score(view.plan);
  let best: Scored | null = null;
  for (const placement of placementsOf(view)) {
    const rate = ({ configuration, detail }: Rung): Scored => score({ configuration, placement }, detail);
    const found = bestRung(ladder, rate, best?.score ?? Number.POSITIVE_INFINITY);
    if (found !== null && (best === null || found.score < best.score) && allowed(found.plan)) best = found;
  }
  const asked = {
    configuration: view.source.configuration,
    placement: new Map<StageId, readonly NodeName[]>(),
  };
  return { best: best ?? current ?? score(asked), current };
}

/**
 * The highest rung that keeps the objective; where none does, the best of those tried. Null where none can be better than
 * `scoreMax`, so that it need not be sought.
 */
function bestRung(ladder: readonly Rung[], rate: (rung: Rung) => Scored, scoreMax: number): Scored | null {
  let low = 0;
  let high = ladder.length - 1;
  const top = ladder[high];
  if (top === undefined || 1 - top.detail >= scoreMax) return null;
  let best = rate(top);
  const second = ladder[high - 1];
  if (keeps(best) || second === undefined || 1 - second.detail >= scoreMax) return best;
  while (low < high) {
    const middle = ladder[Math.floor((low + high) / 2)];
    if (middle === undefined) break;
    const tried = rate(middle);
    if (tried.score < best.score) best = tried;
    if (keeps(tried)) low = Math.floor((low + high) / 2) + 1;
    else high = Math.floor((low + high) / 2);
  }
  return best;
}

function keeps({ score }: Scored): boolean {
  return score < 1.5;
}

function scoreOf(
  plan: Plan,
  prediction: Prediction,
  { detail, objective }: { readonly detail: number; readonly objective: Objective },
): Scored {
  const { latencyMs, yields } = objective;
  const late = Math.max(0, prediction.latencyMs / (latencyMs * LATENCY_SHARE_MAX) - 1);
  const crowded = Math.max(0, prediction.utilisation / UTILISATION_MAX - 1);
  const miss = Math.min(1e6, late + crowded);
  const missing = 1 - detail;
  const cost = COST_WEIGHT * (prediction.crossingMbps / 100 + prediction.utilisation);
  // A miss begins at 2, above all that detail and cost add up to: so it never looks like a plan that keeps the objective.
  const weight = yields === "detail" ? MISS_WEIGHT : 1;
  const score = (miss > 0 ? 2 + weight * miss : 0) + missing + Math.min(0.4, cost);
  return { plan, prediction, score };
}

/** Cuts between two nodes, each placement once. */
function placementsOf(view: PolicyView): readonly Plan["placement"][] {
  const { pipeline } = view.source;
  const places = placesOf(view);
  const placements = new Map<string, Plan["placement"]>();
  const choices = choicesOf(view, places);
  for (const before of places) {
    for (const after of places) {
      for (let cut = before === after ? pipeline.stages.length : 1; cut <= pipeline.stages.length; cut++) {
        if (before !== after && cut === pipeline.stages.length) continue;
        const placement = new Map<StageId, readonly NodeName[]>();
        for (const [index, { id, service }] of pipeline.stages.entries())
          placement.set(id, choices.get(service)?.get(index < cut ? before : after) ?? []);
        placements.set([...placement.values()].map(([first]) => first).join(" "), placement);
      }
    }
  }
  return [...placements.values()];
}

/** By service and the node where it is wanted: that node and then the cloud, or the cloud alone where it cannot run there. */
function choicesOf(
  view: PolicyView,
  places: readonly NodeName[],
): ReadonlyMap<string, ReadonlyMap<NodeName, readonly NodeName[]>> {
  const choices = new Map<string, ReadonlyMap<NodeName, readonly NodeName[]>>();
  for (const { service } of view.source.pipeline.stages) {
    if (choices.has(service)) continue;
    const cloud = cloudNodes(service, view);
    const offered = view.offers.get(service) ?? [];
    const choice = (node: NodeName) => (offered.includes(node) ? [...new Set([node, ...cloud])] : cloud);
    choices.set(service, new Map(places.map((node) => [node, choice(node)])));
  }
  return choices;
}

/** The source's own node, the cloud, and the edge with the most to spare. */
function placesOf(view: PolicyView): readonly NodeName[] {
  const { node: own } = view.source;
  const edges: { readonly name: NodeName; readonly spareMs: number }[] = [];
  for (const [name, { description, sample }] of view.nodes) {
    if (description.role !== "edge" || name === own) continue;
    const busyMs = Math.max(
      view.others.busyMs.get(name) ?? 0,
      (sample?.cpuShare ?? 0) * capacityMs(view, name) + (view.unsampledBusyMs.get(name) ?? 0),
    );
    edges.push({ name, spareMs: capacityMs(view, name) - busyMs });
  }
  edges.sort((a, b) => b.spareMs - a.spareMs);
  const spare = edges.slice(0, EDGES_TRIED).map(({ name }) => name);
  return [...new Set([...(view.nodes.has(own) ? [own] : []), view.fallback, ...spare])];
}
