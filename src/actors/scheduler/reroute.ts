/** Between decisions: tasks go where stages have been loaded since, and away from where they have not. */

import type { NodeName } from "../../task/identity.js";
import type { StageFailure } from "../../task/offers.js";
import { sameData } from "../../task/same-data.js";
import type { Deployed } from "../../scheduling/deploy.js";
import { sameRoute } from "../../scheduling/plan.js";
import { creditRoute } from "./credit.js";
import { exclude } from "./exclude-stage.js";
import { publish } from "./publish-table.js";
import { routeSources } from "./route-loaded.js";
import type { Ctx, Of, State } from "./state.js";

/** How long a node may take to load a stage before another one is looked for, in ms: a load's own limit, and half of that. */
const LOAD_MS_MAX = 90_000;
/** What nodes say within this time makes one table, in ms: stages load one after another, and whoever says so all the time is one of many. */
const REROUTE_MS = 20;
/** How long a node is left alone that did not answer, or has no room, in ms. */
const RETRY_MS = { noAnswer: 60_000, noRoom: 300_000 };
/**
 * So many stages of a node are kept in mind as failed or without room before no more of the latter are: they are known anew with
 * each table, and what many stages of one member would push out is kept of what has failed.
 */
const KEPT_WITHOUT_ROOM_MAX = 128;

/** A node says what it has loaded. What it says together is routed together, and what it says too often with the next tick. */
export function onStagesLoaded(state: State, { node, stages, models }: Of<"stagesLoaded">, ctx: Ctx): void {
  if (!state.nodes.has(node)) {
    state.ignored++;
    return;
  }
  if (!state.loaded.report(node, stages, models)) return;
  state.reroutes.add(node);
  if (state.rerouteRates.take(node, ctx.monotonic())) {
    rerouteSoon(state, ctx);
  } else if (state.rerouteRates.heldOf(node) === 1) {
    ctx.log.warn("A node changes what it has loaded too often: it counts once a second", { node });
  }
}

function rerouteSoon(state: State, ctx: Ctx): void {
  if (!state.rerouteIsDue) ctx.after("reroute", REROUTE_MS, { type: "reroute" });
  state.rerouteIsDue = true;
}

/** Publishes another table where what is loaded now asks for one, whatever was decided. */
export function onReroute(state: State, ctx: Ctx): void {
  const { table } = state.retained;
  state.rerouteIsDue = false;
  if (table === null) return;
  if (state.changed.size > 0) {
    // What was decided goes first, with what is loaded by then.
    if (state.reroutes.size > 0) rerouteSoon(state, ctx);
    return;
  }
  const reason =
    state.reroutes.size === 0 ? "other nodes can run stages" : `loaded: ${[...state.reroutes].join(", ")}`;
  state.reroutes.clear();
  const routed = routeSources(state, ctx.monotonic());
  excludeAll(state, withoutRoom(state, routed, ctx), ctx);
  for (const [id, routing] of routed.sources) {
    const before = table.sources.get(id);
    if (before === undefined) continue;
    if (!sameRoute(before, routing) || (before.loading === true) !== routing.loading) state.changed.add(id);
  }
  const { changed } = state;
  if (changed.size === 0 && sameData(routed.deployments, table.deployments)) return;
  publish(state, reason, ctx);
  for (const id of changed) creditRoute(state, id, ctx);
}

/** Looks for nodes that do not answer, and whether another route is better by now. */
export function checkLoading(state: State, ctx: Ctx): void {
  const reason = `It has not said within ${LOAD_MS_MAX / 1_000} s that it has loaded the stage`;
  const overdue = state.loaded.takeOverdue(LOAD_MS_MAX, ctx.monotonic());
  excludeAll(
    state,
    overdue.map(({ node, stage }) => ({ node, stage, reason, retryInMs: RETRY_MS.noAnswer })),
    ctx,
  );
  onReroute(state, ctx);
}

/** What plans are to do without for a while, as far as it is kept in mind. */
function withoutRoom(
  { exclusions }: State,
  { refused }: Pick<Deployed, "refused">,
  ctx: Ctx,
): readonly (StageFailure & { readonly node: NodeName })[] {
  const left = new Map<NodeName, number>();
  return refused.flatMap(({ node, stage, reason, passes }) => {
    const room = left.get(node) ?? KEPT_WITHOUT_ROOM_MAX - exclusions.of(node, ctx.monotonic()).length;
    left.set(node, passes ? room : room - 1);
    return passes || room <= 0 ? [] : [{ node, stage, reason, retryInMs: RETRY_MS.noRoom }];
  });
}

/** What is kept of the failures of a node is written once for all of them. */
function excludeAll(
  state: State,
  failures: readonly (StageFailure & { readonly node: NodeName })[],
  ctx: Ctx,
): void {
  const byNode = new Map<NodeName, StageFailure[]>();
  for (const { node, ...failure } of failures) {
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [failure]);
    else others.push(failure);
  }
  for (const [node, ofNode] of byNode) exclude(state, node, ofNode, ctx);
}
