/** One source and its plan: what is kept of it, what others see of it, and the plan that stays where its policy fails. */

import type { SourceDescription, Explanation } from "../../task/requests.js";
import type { Plan, SourceView } from "../../scheduling/policy.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { OutcomeWindow } from "../../scheduling/outcome-window.js";
import type { ClusterFacts } from "../../scheduling/round.js";
import { needOf } from "../../scheduling/load.js";
import { completePlan, samePlan, type PlanScope } from "../../scheduling/plan.js";
import type { ImageSizes } from "./image-sizes.js";
import type { ShadowEntry } from "./shadow-entry.js";

export interface SourceEntry {
  /** With the policy in force. */
  readonly description: SourceDescription;
  /** What that has learned; null where it begins. */
  readonly kept: KeptState | null;
  readonly window: OutcomeWindow;
  readonly images: ImageSizes;
  /** In force, complete; null before the first decision. */
  readonly plan: Plan | null;
  readonly why: Explanation;
  /** A policy beside it, whose plans nobody follows. */
  readonly shadow: ShadowEntry | null;
}

/** What a plan is checked against, as it is now. */
export type Scoped = Pick<ClusterFacts, "nodes" | "offers" | "fallback"> & Pick<PlanScope, "excluded">;

/** What a plan of the source is checked against. */
function planScope({ description, plan }: SourceEntry, { excluded, ...cluster }: Scoped): PlanScope {
  return {
    ...cluster,
    source: description,
    accepted: plan?.configuration ?? null,
    ...(excluded && { excluded }),
  };
}

/**
 * The plan in force, less what is gone; before any plan the source runs as it would before any table.
 *
 * @param pauses whether it may go on to pause: default true
 */
export function keptPlan(entry: SourceEntry, cluster: Scoped, pauses = true): Plan {
  const { description, plan } = entry;
  const scope = planScope(entry, cluster);
  const placement = new Map(description.pipeline.stages.map(({ id }) => [id, [description.node]]));
  const asked: Plan = { configuration: description.configuration, placement };
  const { pause, ...captured } = plan ?? asked;
  const next = completePlan({ ...captured, ...(pauses && pause && { pause }) }, scope);
  return plan !== null && samePlan(plan, next) ? plan : next;
}

/** The plan that a policy proposed and that was checked, as it is now that nodes may have gone meanwhile. */
export function acceptedPlan(entry: SourceEntry, proposed: Plan, cluster: Scoped): Plan {
  const scope = { ...planScope(entry, cluster), accepted: proposed.configuration };
  const next = completePlan(proposed, scope);
  return entry.plan !== null && samePlan(entry.plan, next) ? entry.plan : next;
}

/** What the policies of other sources see of this one. */
export function sourceView({ description, window, images, plan }: SourceEntry, nowMs: number): SourceView {
  const { node, policy, slo = null } = description;
  const { stored, dropped, late } = window.report(nowMs, slo?.latencyMs ?? null);
  return {
    node,
    policy: policy.name,
    slo,
    plan,
    need: plan === null ? null : needOf(plan.configuration, images.bytesPerPixel),
    inTimeShare: slo === null || stored + dropped === 0 ? null : (stored - late) / (stored + dropped),
  };
}

/** Says which nodes a plan does without, so that nobody wonders why it is not what the policy is known for. */
export function withExclusions(
  { reason, inputs }: Explanation,
  excluded: NonNullable<PlanScope["excluded"]>,
): Explanation {
  if (excluded.size === 0) return { reason, inputs };
  const without = [...excluded].map(([stage, nodes]) => `${stage} on ${[...nodes].join(" and ")}`);
  return { reason, inputs: { ...inputs, cannotRun: without.join(", ") } };
}
