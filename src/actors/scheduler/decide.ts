/**
 * When is decided, and of what: what asked for it is gathered, and one round at a time is handed to whoever asks policies, while
 * the scheduler goes on with its messages.
 */

import type { NodeName, SourceId } from "../../task/identity.js";
import { loadOf, LoadSum } from "../../scheduling/load.js";
import type { ClusterFacts, RoundRequest, RoundTurn } from "../../scheduling/round.js";
import { viewCluster } from "./cluster-view.js";
import { publishChanges } from "./publish-changes.js";
import { shadowTurn } from "./shadows.js";
import { sourceView, type SourceEntry } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

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

/** Begins a round, unless one is under way: then another one follows it. */
export function onReplan(state: State, ctx: Ctx): void {
  if (state.pending.isEmpty || state.round !== null) return;
  const { sources, reason } = state.pending.take();
  const startedAtMs = ctx.monotonic();
  const asked = askedEntries(state, sources, startedAtMs);
  if (asked.size === 0) {
    publishChanges(state, reason, ctx);
    return;
  }
  const job = ++state.retained.jobs;
  state.round = { job, reason, startedAtMs, term: state.term, asked };
  state.options.decisions.decide(job, roundOf(state, asked, ctx));
}

/** Those that are asked for, first who was put off before; and all sources of a policy that decides for all of them at once. */
function askedEntries(
  state: State,
  sources: "all" | ReadonlySet<SourceId>,
  nowMs: number,
): ReadonlyMap<SourceId, SourceEntry> {
  const { policies } = state.options.decisions;
  const joint = new Set<string>();
  for (const id of sources === "all" ? [] : sources) {
    const name = state.sources.get(id)?.description.policy.name;
    if (name !== undefined && policies.get(name)?.joint === true) joint.add(name);
  }
  const asked = new Map<SourceId, SourceEntry>();
  const add = (id: SourceId): void => {
    const entry = state.sources.get(id);
    if (entry !== undefined && !isAwaited(state, entry, nowMs)) asked.set(id, entry);
  };
  for (const id of state.postponed) if (sources === "all" || sources.has(id)) add(id);
  for (const id of sources === "all" ? state.sources.keys() : sources) add(id);
  if (joint.size > 0)
    for (const [id, { description }] of state.sources) if (joint.has(description.policy.name)) add(id);
  state.postponed.clear();
  return asked;
}

/** Goes on with the plan from before the process, whose nodes are not all back yet: they are, in a moment. */
function isAwaited(
  { recalled, seen, settledAtMs }: State,
  { description, plan }: SourceEntry,
  nowMs: number,
): boolean {
  if (nowMs >= settledAtMs || plan === null || recalled.get(description.id) !== plan) return false;
  return [...plan.placement.values()].some(([first]) => first !== undefined && !seen.has(first));
}

function roundOf(state: State, asked: ReadonlyMap<SourceId, SourceEntry>, ctx: Ctx): RoundRequest {
  const nowMs = ctx.monotonic();
  const cluster = viewNow(state, nowMs);
  const planned = new LoadSum();
  for (const { description, images, plan } of state.sources.values()) {
    if (plan === null) continue;
    const view = {
      source: description,
      serviceTimes: cluster.serviceTimes,
      imageBytesPerPixel: images.bytesPerPixel,
    };
    planned.add(loadOf(plan, view), 1);
  }
  return {
    // What policies remember is of processes before this one, too.
    cluster: { ...cluster, nowMs: nowMs + state.epochMs },
    sources: new Map([...state.sources].map(([id, entry]) => [id, sourceView(entry, nowMs)])),
    planned: { busyMs: planned.busyMs, mbps: planned.mbps },
    turns: [...asked.values()].map((entry) => turnOf(state, entry, { nowMs, ctx })),
  };
}

export function viewNow(state: State, nowMs: number): ClusterFacts {
  const sampledFromMs = (node: NodeName): number | null => state.nodes.get(node)?.sampledFromMs ?? null;
  return {
    ...viewCluster(state, { nowMs, fallback: state.options.fallback }),
    unsampledBusyMs: state.charges.sum(sampledFromMs, nowMs),
  };
}

function turnOf(
  state: State,
  entry: SourceEntry,
  { nowMs, ctx }: { readonly nowMs: number; readonly ctx: Ctx },
): RoundTurn {
  const { description: source, plan, window, images, kept } = entry;
  const { policy } = source;
  return {
    source,
    plan,
    recent: window.report(nowMs, source.slo?.latencyMs ?? null),
    imageBytesPerPixel: images.bytesPerPixel,
    excluded: state.exclusions.among(source.pipeline, nowMs),
    kept,
    fenced: state.fences.reason({ policy: policy.name, source: source.id, isShadow: false }, nowMs),
    shadow: shadowTurn(state, entry, nowMs),
    seed: Math.floor(ctx.random() * SEED_MAX),
  };
}
