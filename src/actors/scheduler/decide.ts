/**
 * When and how is decided: what asked for it is gathered, each policy is asked once, and changes make a table.
 *
 * What is decided for one source is charged to nodes and links before the next one is decided: so sources that see the same
 * free node do not all go there.
 */

import { errorText } from "../../runtime/errors.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import { viewCluster } from "./cluster-view.js";
import { loadOf, LoadSum } from "../../scheduling/load.js";
import { publish } from "./publish-table.js";
import { decideSource, sourceView, viewOf, type SourceEntry } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

/** A failing policy would fill the log. */
const FAILURE_LOG_MS = 1_000;
const SEED_MAX = 2 ** 32;

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
  decideRound(state, sources === "all" ? [...state.sources.keys()] : sources, ctx);
  state.overhead.addRound(ctx.monotonic() - startedAtMs);
  if (state.changed.size === 0) return;
  const changed = state.changed;
  publish(state, reason, ctx);
  for (const id of changed) creditFrom(state, id, ctx);
}

function decideRound(state: State, asked: Iterable<SourceId>, ctx: Ctx): void {
  const nowMs = ctx.monotonic();
  const cluster = viewCluster(state, { nowMs, fallback: state.options.fallback });
  const sampledFromMs = (node: NodeName): number | null => state.nodes.get(node)?.sampledFromMs ?? null;
  const others = new LoadSum();
  const { busyMs, mbps } = others;
  const sources = new Map([...state.sources].map(([id, entry]) => [id, sourceView(entry, nowMs)]));
  const round = {
    ...cluster,
    sources,
    others: { busyMs, mbps },
    unsampledBusyMs: state.charges.sum(sampledFromMs, nowMs),
  };
  const loadIn = (entry: SourceEntry) =>
    entry.plan === null ? null : loadOf(entry.plan, viewOf(entry, { ...round, seed: 0 }));
  for (const entry of state.sources.values()) {
    const load = loadIn(entry);
    if (load !== null) others.add(load, 1);
  }
  for (const id of asked) {
    const entry = state.sources.get(id);
    if (entry === undefined) continue;
    const before = loadIn(entry);
    if (before !== null) others.add(before, -1);
    const decidingSinceMs = ctx.monotonic();
    const seed = Math.floor(ctx.random() * SEED_MAX);
    const excluded = state.exclusions.among(entry.description.pipeline, nowMs);
    const decision = decideSource(entry, { ...round, seed }, { excluded, monotonic: () => ctx.monotonic() });
    state.overhead.addDecision(ctx.monotonic() - decidingSinceMs, decision.failure !== undefined);
    state.sources.set(id, decision.entry);
    if (decision.changed) sources.set(id, sourceView(decision.entry, nowMs));
    const { policy } = entry.description;
    state.retained.policies.set(id, { policy, state: decision.entry.run.state });
    const after = loadIn(decision.entry);
    if (after !== null) others.add(after, 1);
    if (decision.failure !== undefined) logFailure(state, id, decision.failure, ctx);
    if (!decision.changed) continue;
    state.changed.add(id);
    if (after === null) continue;
    state.charges.add({ before, after }, nowMs);
    for (const [node, ms] of before?.busyMs ?? []) charge(round.unsampledBusyMs, node, -ms);
    for (const [node, ms] of after.busyMs) charge(round.unsampledBusyMs, node, ms);
  }
}

function charge(sum: Map<NodeName, number>, node: NodeName, busyMs: number): void {
  sum.set(node, (sum.get(node) ?? 0) + busyMs);
}

/** From now on outcomes of the source are credited to the plan that was published last, and to no earlier one; and it is remembered why. */
function creditFrom(state: State, id: SourceId, ctx: Ctx): void {
  const entry = state.sources.get(id);
  if (entry === undefined || entry.plan === null) return;
  const { version: pipelineVersion } = entry.description.pipeline;
  const { configuration } = entry.plan;
  state.retained.history.add(entry, { atMs: ctx.now(), epoch: state.epoch });
  const credit = { configuration, pipelineVersion, epoch: state.epoch, atMs: ctx.now() };
  entry.window.restart(credit, ctx.monotonic());
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
