/** Plans become routes: what nodes say that they have loaded decides where tasks go, and what they are to load goes with each table. */

import type { NodeName, SourceId } from "../../task/identity.js";
import { offers } from "../../task/offers.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { SourceRoute } from "../../task/routing-table.js";
import {
  routeAndDeploy,
  type Deployed,
  type Planned,
  type Readiness,
  type Routing,
} from "../../scheduling/deploy.js";
import { placeText } from "../../scheduling/plan.js";
import type { Plan } from "../../scheduling/policy.js";
import type { State } from "./state.js";

/** How each source that has a plan is routed, and what nodes are to have loaded. */
export interface Routed extends Omit<Deployed, "routings"> {
  readonly sources: ReadonlyMap<SourceId, Routing>;
}

export function routeSources(state: State, nowMs: number): Routed {
  const { nodes } = state;
  const { fallback } = state.options;
  const ready = readinessOf(state, nowMs);
  const ids: SourceId[] = [];
  const planned: Planned[] = [];
  for (const [id, { description, plan }] of state.sources) {
    if (plan === null) continue;
    const { node: member, pipeline, standby = 0 } = description;
    const routed = routedNow(state, id, pipeline);
    ids.push(id);
    planned.push({ member, pipeline, plan: planHere(state, plan, ready), routed, standby });
  }
  const { routings, ...rest } = routeAndDeploy(planned, ready, { nodes, fallback });
  const sources = new Map<SourceId, Routing>();
  for (const [index, routing] of routings.entries()) {
    const id = ids[index];
    if (id !== undefined) sources.set(id, routing);
  }
  return { ...rest, sources };
}

/** The plan without nodes that have left since: another one follows, and tasks go to the fallback until then. */
function planHere({ options }: State, plan: Plan, ready: Readiness): Plan {
  const here = (node: NodeName): boolean => ready.isExpected(node) || node === options.fallback;
  if ([...plan.placement.values()].every((places) => places.every(here))) return plan;
  const placement = new Map(
    [...plan.placement].map(([stage, places]) => {
      const left = places.filter(here);
      return [stage, left.length > 0 ? left : [options.fallback]] as const;
    }),
  );
  return { ...plan, placement };
}

function readinessOf({ nodes, seen, loaded, exclusions }: State, nowMs: number): Readiness {
  const excluded = new Map<Pipeline, ReadonlyMap<string, ReadonlySet<NodeName>>>();
  const excludedIn = (pipeline: Pipeline) => {
    let known = excluded.get(pipeline);
    if (known === undefined) excluded.set(pipeline, (known = exclusions.among(pipeline, nowMs)));
    return known;
  };
  return {
    isLoaded: (node, key) => loaded.has(node, key),
    // One that this scheduler has not met yet is on its way.
    isExpected: (node) => nodes.has(node) || !seen.has(node),
    canRun(node, pipeline, stage) {
      const known = nodes.get(node);
      if (known === undefined || !offers(known.description, stage)) return false;
      return excludedIn(pipeline).get(placeText(stage))?.has(node) !== true;
    },
  };
}

/** How the newest table has a source, as long as that is of its pipeline. */
function routedNow(
  { retained }: State,
  id: SourceId,
  { id: pipelineId, version }: Pipeline,
): SourceRoute | null {
  const route = retained.table?.sources.get(id);
  return route?.pipelineId === pipelineId && route.pipelineVersion === version ? route : null;
}
