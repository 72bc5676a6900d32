/** Nodes come, change and go. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { NodeName } from "../../task/identity.js";
import type { NodeDescription } from "../../task/requests.js";
import { withKept } from "../../task/offers.js";
import { sameData } from "../../task/same-data.js";
import { requestReplan } from "./decide.js";
import { excludeAgain } from "./exclude-stage.js";
import { findHosts } from "./hosting/find-host.js";
import { hostGone } from "./hosting/host-news.js";
import { armResend, sendTable } from "./publish-table.js";
import { logRefusal } from "./refuse.js";
import type { Ctx, Of, State } from "./state.js";

export function onRegisterNode(state: State, { node, controller }: Of<"registerNode">, ctx: Ctx): void {
  if (!state.nodes.has(node.name) && state.nodes.size >= state.options.nodesMax) {
    state.ignored++;
    const { nodesMax } = state.options;
    logRefusal(state, "Cannot register a node as there are too many", { node: node.name, nodesMax }, ctx);
    return;
  }
  const before = state.retained.nodes.get(node.name);
  if (before !== undefined && isSame(before, { description: node, controller })) {
    // It may have lost its table, and nothing else is new: a node that says so all the time costs no more than one resend.
    state.acknowledgements.again(node.name);
    armResend(state, ctx);
    return;
  }
  // Another process, or another folder of models.
  state.exclusions.forget(node.name);
  if (state.seen.has(node.name)) state.retained.failures.delete(node.name);
  else excludeAgain(state, node, ctx);
  state.seen.add(node.name);
  state.loaded.forget(node.name);
  state.retained.nodes.set(node.name, { description: node, controller });
  state.nodes.set(node.name, {
    description: withKept(node, state.retained.modelsKept),
    sample: null,
    sampledAtMs: 0,
    sampledFromMs: null,
  });
  state.acknowledgements.add(node.name, controller);
  sendTable(state, node.name, ctx);
  armResend(state, ctx);
  if (before !== undefined) changeRoutesOver(state, node.name);
  requestReplan(state, "all", `node ${node.name} joined`, ctx);
  findHosts(state, ctx);
}

export function onRemoveNode(state: State, { node, gone = false }: Of<"removeNode">, ctx: Ctx): void {
  hostGone(state, node, gone, ctx);
  if (!state.nodes.delete(node)) {
    state.ignored++;
    return;
  }
  state.retained.nodes.delete(node);
  state.acknowledgements.remove(node);
  state.bandwidths.forget(node);
  state.sampleDelays.forget(node);
  state.pressure.forgetNode(node);
  state.serviceTimes.forget(node);
  state.exclusions.forget(node);
  state.loaded.forget(node);
  changeRoutesOver(state, node);
  requestReplan(state, "all", `node ${node} left`, ctx);
}

/** What nodes can fetch is what they can load. One that is there now, or another one, is tried at once. */
export function onModelsKept(state: State, { models }: Of<"modelsKept">, ctx: Ctx): void {
  state.retained.modelsKept = models;
  for (const [name, { description }] of state.retained.nodes) {
    const entry = state.nodes.get(name);
    if (entry === undefined || description.fetchBytesMax === undefined) continue;
    state.nodes.set(name, { ...entry, description: withKept(description, models) });
    state.exclusions.forget(name);
    state.retained.failures.delete(name);
  }
  requestReplan(state, "all", "the models that the hub keeps are others", ctx);
}

/** Tasks that the table sends there want another one at once, also where no plan changes: a route may lag behind its plan. */
function changeRoutesOver(state: State, node: NodeName): void {
  for (const [id, { placement }] of state.retained.table?.sources ?? []) {
    if ([...placement.values()].some((places) => places.includes(node))) state.changed.add(id);
  }
}

interface Registered {
  readonly description: NodeDescription;
  readonly controller: ActorRef<never>;
}

function isSame(a: Registered, b: Registered): boolean {
  return a.controller.address === b.controller.address && sameData(a.description, b.description);
}
