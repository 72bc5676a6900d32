/** A source goes, for good or until its node is back. */

import { SluiceError } from "../../task/errors.js";
import type { SourceId } from "../../task/identity.js";
import { requestReplan } from "./decide.js";
import { forgetHosting } from "./hosting/find-host.js";
import { hostRemoves } from "./hosting/host-news.js";
import { refuse } from "./refuse.js";
import type { Ctx, Of, State } from "./state.js";

export function onRemoveSource(
  state: State,
  { sourceId, node, suspended = false, failed = false, replyTo }: Of<"removeSource">,
  ctx: Ctx,
): void {
  const { owners } = state.options;
  if (node === undefined) forgetHosting(state, sourceId, ctx);
  // Of a node that is away since this scheduler started, only the name is known.
  const owner = owners.holderOf(sourceId) ?? state.sources.get(sourceId)?.description.node ?? null;
  const removed = owner !== null && (node === undefined || node === owner);
  replyTo?.tell({ type: "sourceRemoved", sourceId, node: removed ? owner : null });
  if (!removed) {
    state.ignored++;
    return;
  }
  const goesOn = node !== undefined && hostRemoves(state, sourceId, node, { suspended, failed }, ctx);
  const waiting = state.checks.forget(sourceId);
  if (waiting !== null) refuse(state, sourceId, overtaken(sourceId), waiting.replyTo, ctx);
  if (!suspended && !goesOn) {
    state.retained.unwritten.delete(sourceId);
    state.retained.memory?.forget(sourceId);
    // Nobody but an operator names no node.
    if (node === undefined) owners.free(sourceId, ctx.now());
    else owners.release(sourceId, owner);
    state.retained.orders.delete(sourceId);
  }
  if (!state.sources.has(sourceId)) return;
  state.sources.delete(sourceId);
  state.retained.sources.delete(sourceId);
  state.retained.kept.delete(sourceId);
  state.fences.forget(sourceId);
  state.retained.history.forget(sourceId);
  state.figures.delete(sourceId);
  state.pressure.forgetSource(sourceId);
  state.moveBudget.forget(sourceId);
  state.changed.add(sourceId);
  requestReplan(state, "none", `source ${sourceId} removed`, ctx);
}

export function overtaken(source: SourceId): SluiceError {
  const text = `Cannot use this policy for source "${source}" as something else was said of it meanwhile`;
  return new SluiceError(text, { code: "policy-invalid" });
}
