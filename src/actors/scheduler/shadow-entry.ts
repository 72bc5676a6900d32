/** What a policy beside the one in force would do for a source. */

import { UNDECIDED, type Explanation, type PolicySpec, type ShadowSpec } from "../../task/requests.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { PlanScore } from "../../task/reports.js";
import type { Plan } from "../../scheduling/policy.js";

/** A policy beside the one in force. */
export interface ShadowEntry {
  readonly policy: ShadowSpec;
  readonly kept: KeptState | null;
  /** What it would do; null before its first decision. */
  readonly plan: Plan | null;
  readonly why: Explanation;
  /** What was expected of the plan in force and of its own, in the last round in which it decided. */
  readonly inForce: PlanScore | null;
  readonly own: PlanScore | null;
}

function startShadow(policy: ShadowSpec): ShadowEntry {
  return { policy, kept: null, plan: null, why: UNDECIDED, inForce: null, own: null };
}

/** Of the policy in force; null where it has none. */
export function shadowOf({ shadow }: PolicySpec): ShadowEntry | null {
  return shadow === undefined ? null : startShadow(shadow);
}
