/** Makes whatever a policy proposes a plan that a table may carry: complete, and valid for the nodes there are. */

import { parseConfiguration, sameConfiguration, type Configuration } from "../task/configuration.js";
import type { NodeName, StageId } from "../task/identity.js";
import { SluiceError } from "../task/errors.js";
import { outsideSpace } from "../task/configuration-space.js";
import { offers } from "../task/offers.js";
import type { Stage } from "../task/pipeline.js";
import type { SourceDescription } from "../task/requests.js";
import { stageAs, stageIn, variantProblem, withVariants } from "../task/variants.js";
import type { NodeView, Plan, PolicyView } from "./policy.js";
import { offering } from "./view-queries.js";

/** What a plan is checked against. */
export interface PlanScope extends Pick<PolicyView, "nodes" | "offers" | "fallback"> {
  readonly source: Pick<SourceDescription, "pipeline" | "configuration" | "space" | "ordered">;
  /** The configuration in force, which needs no second check. */
  readonly accepted: Configuration | null;
  /** The nodes that a stage has no place on now, by `stage` or `stage:variant`. Default none. @see Exclusions */
  readonly excluded?: ReadonlyMap<string, ReadonlySet<NodeName>>;
}

/**
 * Gives every stage of the pipeline at least one node. Nodes that are gone, lack the service or its model file, or failed to
 * load it are left out, and stages
 * the pipeline does not have are forgotten; a stage left with no node goes to the fallback, or, where only other nodes
 * offer its service, to those, cloud nodes first.
 *
 * @throws SluiceError `configuration-invalid`, also where the pipeline's space has no such configuration
 */
export function completePlan(plan: Plan, scope: PlanScope): Plan {
  const { ordered } = scope.source;
  const proposed = ordered === undefined ? plan.configuration : { ...plan.configuration, ...ordered };
  const { accepted } = scope;
  const isAccepted = proposed === accepted || (accepted !== null && sameConfiguration(proposed, accepted));
  const configuration = isAccepted ? accepted : checkConfiguration(proposed, scope);
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const any of scope.source.pipeline.stages) {
    const stage = stageIn(any, configuration);
    const wanted = plan.placement.get(stage.id);
    const usable = wanted === undefined ? [] : usableNodes(wanted, stage, scope);
    placement.set(stage.id, usable.length > 0 ? usable : placesOfLastResort(stage, scope));
  }
  const { pixelsStay = false, pause } = plan;
  return { configuration, placement, ...(pixelsStay && { pixelsStay }), ...(pause && { pause }) };
}

function checkConfiguration(proposed: Configuration, { source }: PlanScope): Configuration {
  const { pipeline, space } = source;
  const wrong = variantProblem(pipeline, proposed.variants);
  if (wrong !== null) {
    throw new SluiceError(`Cannot use this configuration as ${wrong}`, { code: "configuration-invalid" });
  }
  const configuration = withVariants(parseConfiguration(proposed), pipeline);
  if (space === undefined) return configuration;
  const problem = outsideSpace(configuration, space, withVariants(source.configuration, pipeline));
  if (problem === null) return configuration;
  throw new SluiceError(
    `Cannot use this configuration as the space of its pipeline has none such: ${problem}`,
    {
      code: "configuration-invalid",
    },
  );
}

/** Whether two complete plans decide the same; the reason of a pause decides nothing. */
export function samePlan(a: Plan, b: Plan): boolean {
  if (a === b) return true;
  if ((a.pixelsStay ?? false) !== (b.pixelsStay ?? false)) return false;
  return a.pause?.flushes === b.pause?.flushes && sameRoute(a, b);
}

/** How tasks are made, and where they go. */
export type Routable = Pick<Plan, "configuration" | "placement">;

/** Whether tasks are made and go the same way under both. */
export function sameRoute(a: Routable, b: Routable): boolean {
  if (!sameConfiguration(a.configuration, b.configuration)) return false;
  if (a.placement.size !== b.placement.size) return false;
  for (const [stage, nodes] of a.placement) {
    const others = b.placement.get(stage);
    if (others === undefined || others.length !== nodes.length) return false;
    for (let index = 0; index < nodes.length; index++) if (nodes[index] !== others[index]) return false;
  }
  return true;
}

/** Whether two complete plans have every stage on the same node. */
export function sameFirsts(a: Plan, b: Plan): boolean {
  return [...a.placement].every(([stage, [first]]) => b.placement.get(stage)?.[0] === first);
}

function usableNodes(wanted: readonly NodeName[], stage: Stage, scope: PlanScope): readonly NodeName[] {
  const usable: NodeName[] = [];
  for (const name of wanted) {
    if (canRun(scope.nodes.get(name), stage, scope) && !usable.includes(name)) usable.push(name);
  }
  return usable;
}

/**
 * The nodes that policies are shown for each service: those that can run every stage of it in the pipeline, in some variant that the
 * pipeline allows, as far as they say and have shown.
 */
export function usableOffers(scope: PlanScope): PolicyView["offers"] {
  let usable: Map<string, readonly NodeName[]> | null = null;
  for (const stage of scope.source.pipeline.stages) {
    const offered = (usable ?? scope.offers).get(stage.service) ?? [];
    const ways = waysOf(stage, scope);
    const able = offered.filter((name) => ways.some((way) => canRun(scope.nodes.get(name), way, scope)));
    if (able.length === offered.length) continue;
    usable ??= new Map(scope.offers);
    usable.set(stage.service, able);
  }
  return usable ?? scope.offers;
}

/** The stage in each variant that a plan may have it run in. */
function waysOf(stage: Stage, { source, accepted }: PlanScope): readonly Stage[] {
  if (stage.variants === undefined) return [stage];
  const asked = stageIn(stage, source.configuration);
  const allowed = source.space?.variants?.[stage.id] ?? [];
  const inForce = accepted === null ? [] : [stageIn(stage, accepted)];
  return [asked, ...inForce, ...allowed.map((name) => stageAs(stage, name))];
}

function canRun(node: NodeView | undefined, stage: Stage, { excluded }: PlanScope): boolean {
  if (node === undefined || !offers(node.description, stage)) return false;
  return excluded?.get(placeText(stage))?.has(node.description.name) !== true;
}

/** `stage` or `stage:variant`. */
export function placeText({ id, variant }: Pick<Stage, "id" | "variant">): string {
  return variant === undefined ? id : `${id}:${variant}`;
}

function placesOfLastResort(stage: Stage, scope: PlanScope): readonly NodeName[] {
  const { nodes, fallback } = scope;
  if (canRun(nodes.get(fallback), stage, scope)) return [fallback];
  const others = offering(scope, stage.service)
    .filter((node) => canRun(node, stage, scope))
    .map(({ description }) => description);
  if (others.length === 0) return [fallback];
  return [
    ...others.filter(({ role }) => role === "cloud"),
    ...others.filter(({ role }) => role !== "cloud"),
  ].map(({ name }) => name);
}
