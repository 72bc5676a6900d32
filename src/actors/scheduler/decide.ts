/** When and how is decided: what asked for it is gathered, each policy is asked once, and changes make a table. */

import { errorText } from "../../runtime/errors.js";
import type { SourceId } from "../../task/identity.js";
import { viewCluster } from "./cluster-view.js";
import { publish } from "./publish-table.js";
import { decideSource } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

/** A failing policy would fill the log. */
const FAILURE_LOG_MS = 1_000;

/** Decides after the messages that are already waiting, so that a burst of registrations makes one table. */
export function requestReplan(
  state: State,
  sources: SourceId | "all" | "none",
  reason: string,
  ctx: Ctx,
): void {
  state.pending.add(sources, reason);
  if (state.pending.announced) return;
  state.pending.announced = true;
  ctx.self.tell({ type: "replan" });
}

export function onReplan(state: State, ctx: Ctx): void {
  if (state.pending.isEmpty) return;
  const { sources, reason } = state.pending.take();
  const startedAtMs = ctx.monotonic();
  const cluster = viewCluster(state.nodes, state.bandwidths, {
    nowMs: startedAtMs,
    fallback: state.options.fallback,
  });
  const random = () => ctx.random();
  for (const id of sources === "all" ? state.sources.keys() : sources) {
    const entry = state.sources.get(id);
    if (entry === undefined) continue;
    const decidingSinceMs = ctx.monotonic();
    const decision = decideSource(entry, cluster, random);
    state.overhead.addDecision(ctx.monotonic() - decidingSinceMs, decision.failure !== undefined);
    state.sources.set(id, decision.entry);
    if (decision.changed) state.changed.add(id);
    if (decision.failure !== undefined) logFailure(state, id, decision.failure, ctx);
  }
  state.overhead.addRound(ctx.monotonic() - startedAtMs);
  if (state.changed.size > 0) publish(state, reason, ctx);
}

function logFailure(state: State, source: SourceId, thrown: unknown, ctx: Ctx): void {
  if (ctx.monotonic() - state.failuresLogged.atMs < FAILURE_LOG_MS) return;
  const failures = state.overhead.failures - state.failuresLogged.count;
  ctx.log.error("A policy failed: the last good plan stays", {
    source,
    failures,
    error: errorText(thrown),
  });
  state.failuresLogged = { atMs: ctx.monotonic(), count: state.overhead.failures };
}
