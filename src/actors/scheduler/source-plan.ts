/** One source under its policy: decides, checks what the policy says, and keeps the last good plan where it fails. */

import type { Explanation, SourceDescription } from "../../task/requests.js";
import type { ClusterView } from "./cluster-view.js";
import type { OutcomeWindow } from "./outcome-window.js";
import { completePlan, samePlan } from "./plan.js";
import { edgeOnly } from "./policies/edge-only.js";
import type { Plan, PolicyRun, PolicyView } from "./policy.js";

export interface SourceEntry {
  readonly description: SourceDescription;
  readonly run: PolicyRun;
  readonly window: OutcomeWindow;
  /** In force, complete; null before the first decision. */
  readonly plan: Plan | null;
  readonly why: Explanation;
}

export interface SourceDecision {
  readonly entry: SourceEntry;
  readonly changed: boolean;
  /** What the policy threw. */
  readonly failure: unknown;
}

/**
 * Decides for one source. A policy that throws, or proposes what cannot be, changes nothing: its state and the plan in
 * force stay, less the nodes that are gone; before any plan the source runs as it would before any table.
 */
export function decideSource(entry: SourceEntry, cluster: ClusterView, random: () => number): SourceDecision {
  const { description, window: recent, plan: before } = entry;
  const view: PolicyView = {
    source: description,
    nodes: cluster.nodes,
    fallback: cluster.fallback,
    recent,
    plan: before,
    nowMs: cluster.nowMs,
    offering: cluster.offering,
    link: cluster.link,
    random,
  };
  const scope = {
    pipeline: description.pipeline,
    nodes: cluster.nodes,
    fallback: cluster.fallback,
    offering: cluster.offering,
    accepted: before?.configuration ?? null,
  };
  try {
    const { run, plan: proposed, why } = entry.run.decide(view);
    const plan = completePlan(proposed, scope);
    const changed = before === null || !samePlan(before, plan);
    return { entry: { ...entry, run, why, plan: changed ? plan : before }, changed, failure: undefined };
  } catch (thrown) {
    const plan = completePlan(before ?? edgeOnly.decide(null, view).plan, scope);
    const changed = before === null || !samePlan(before, plan);
    const why = { reason: `policy "${entry.run.policy}" failed: the plan before it stays`, inputs: {} };
    return { entry: { ...entry, why, plan: changed ? plan : before }, changed, failure: thrown ?? "nothing" };
  }
}
