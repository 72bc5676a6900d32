/** Who is there: nodes, sources and their policies come, change and go. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { SluiceError } from "../../task/errors.js";
import type { PolicyReply } from "../protocol/scheduler.js";
import type { SourceId } from "../../task/identity.js";
import { suggestName } from "../../task/nearest-name.js";
import { sourceProblem, startOrDefault, tooManySources, tryPolicy } from "./admission.js";
import { requestReplan } from "./decide.js";
import { OutcomeWindow } from "./outcome-window.js";
import { armResend, sendTable } from "./publish-table.js";
import { createSourceEntry, type Ctx, type Of, type State } from "./state.js";

export function onRegisterNode(state: State, { node, controller }: Of<"registerNode">, ctx: Ctx): void {
  if (!state.nodes.has(node.name) && state.nodes.size >= state.options.nodesMax) {
    state.ignored++;
    ctx.log.error("Cannot register a node as there are too many", {
      node: node.name,
      nodesMax: state.options.nodesMax,
    });
    return;
  }
  state.retained.nodes.set(node.name, { description: node, controller });
  state.nodes.set(node.name, { description: node, sample: null, sampledAtMs: 0 });
  state.acknowledgements.add(node.name, controller);
  sendTable(state, node.name, ctx);
  armResend(state, ctx);
  requestReplan(state, "all", `node ${node.name} joined`, ctx);
}

export function onRemoveNode(state: State, { node }: Of<"removeNode">, ctx: Ctx): void {
  if (!state.nodes.delete(node)) {
    state.ignored++;
    return;
  }
  state.retained.nodes.delete(node);
  state.acknowledgements.remove(node);
  state.bandwidths.forget(node);
  requestReplan(state, "all", `node ${node} left`, ctx);
}

export function onRegisterSource(state: State, { source, replyTo }: Of<"registerSource">, ctx: Ctx): void {
  const { owners, sourcesMax } = state.options;
  const known = state.sources.has(source.id) || state.sources.size < sourcesMax;
  const { sources } = state;
  const fits = known
    ? sourceProblem(source, { sources, holderOf: (id) => owners.holderOf(id) })
    : tooManySources(source.id, sourcesMax);
  const problem =
    fits ?? (owners.claim(source.id, source.node) ? null : tooManySources(source.id, sourcesMax));
  if (problem !== null) {
    state.ignored++;
    refuse(source.id, problem, replyTo, ctx);
    return;
  }
  const { pipeline } = source;
  const { run, policy, refusal } = startOrDefault(state.options.policies, source.policy);
  const description = { ...source, policy };
  const before = state.sources.get(source.id);
  const plan = before?.description.pipeline.id === pipeline.id ? before.plan : null;

  state.retained.sources.set(source.id, description);
  state.sources.set(source.id, {
    ...createSourceEntry(description, run),
    plan,
    window: before?.window ?? new OutcomeWindow(),
  });
  if (before?.description.pipeline !== pipeline) state.changed.add(source.id);
  if (refusal === null) replyTo?.tell({ type: "policySet", sourceId: source.id });
  else refuse(source.id, refusal, replyTo, ctx);
  requestReplan(state, source.id, `source ${source.id} registered`, ctx);
}

export function onRemoveSource(state: State, { sourceId, node }: Of<"removeSource">, ctx: Ctx): void {
  const owner = state.sources.get(sourceId)?.description.node;
  const remover = node ?? state.options.owners.holderOf(sourceId) ?? owner;
  if (remover !== undefined) state.options.owners.release(sourceId, remover);
  if (owner === undefined || (node !== undefined && node !== owner)) {
    state.ignored++;
    return;
  }
  state.sources.delete(sourceId);
  state.retained.sources.delete(sourceId);
  state.changed.add(sourceId);
  requestReplan(state, "none", `source ${sourceId} removed`, ctx);
}

export function onSetPolicy(state: State, { sourceId, policy, replyTo }: Of<"setPolicy">, ctx: Ctx): void {
  const entry = state.sources.get(sourceId);
  if (entry === undefined) {
    const text = `Cannot set the policy of source "${sourceId}" as it is not registered${suggestName(sourceId, state.sources.keys())}`;
    refuse(sourceId, new SluiceError(text, { code: "policy-invalid" }), replyTo, ctx);
    return;
  }
  const description = { ...entry.description, policy };
  const nodes = new Map([...state.nodes].map(([name, node]) => [name, node.description]));
  const started = tryPolicy(state.options.policies, policy, { source: description, nodes });
  if (!started.ok) {
    refuse(sourceId, started.error, replyTo, ctx);
    return;
  }
  state.retained.sources.set(sourceId, description);
  state.sources.set(sourceId, { ...entry, description, run: started.run });
  replyTo?.tell({ type: "policySet", sourceId });
  requestReplan(state, sourceId, `policy of ${sourceId} set to ${policy.name}`, ctx);
}

function refuse(
  sourceId: SourceId,
  error: SluiceError,
  replyTo: ActorRef<PolicyReply> | undefined,
  ctx: Ctx,
): void {
  ctx.log.warn(error.message, { source: sourceId });
  replyTo?.tell({ type: "policyRefused", sourceId, error });
}
