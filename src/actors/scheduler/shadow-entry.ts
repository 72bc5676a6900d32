/** What a policy beside the one in force would do for a source. */

import type { Explanation, PolicySpec } from "../../task/requests.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { PlanScore } from "../../scheduling/plan-score.js";
import type { Plan } from "../../scheduling/policy.js";

/** A policy beside the one in force. */
export interface ShadowEntry {
  readonly policy: PolicySpec;
  readonly kept: KeptState | null;
  /** What it would do; null before its first decision. */
  readonly plan: Plan | null;
  readonly why: Explanation;
  /** What was expected of the plan in force and of its own, in the last round in which it decided. */
  readonly inForce: PlanScore | null;
  readonly own: PlanScore | null;
}

export function startShadow(policy: PolicySpec): ShadowEntry {
  const why = { reason: "not decided yet", inputs: {} };
  return { policy, kept: null, plan: null, why, inForce: null, own: null };
}
