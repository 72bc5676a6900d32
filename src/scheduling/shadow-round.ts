/**
 * Policies that decide beside those in force, on what these have seen: what they would do is kept and compared, and nobody does it.
 */

import type { SourceId } from "../task/identity.js";
import { askSingle, type Proposal } from "./ask-policy.js";
import type { PlanScore } from "../task/reports.js";
import { scorePlan } from "./plan-score.js";
import { scopeOf, type RoundTools, type Seen } from "./round.js";

/** What a shadow would do for a source, and what is expected of it and of the plan in force. */
export type ShadowAnswer = (Proposal | { readonly status: "fenced" }) & {
  readonly source: SourceId;
  /** Of the plan in force; null where there is none. */
  readonly inForce: PlanScore | null;
  /** Of the shadow's; null where it has none. */
  readonly shadow: PlanScore | null;
};

export function decideShadows(seen: readonly Seen[], tools: RoundTools): readonly ShadowAnswer[] {
  return seen.flatMap(({ index, turn, view, plan }): readonly ShadowAnswer[] => {
    if (turn.shadow === null) return [];
    const { policy, kept, fenced } = turn.shadow;
    const source = turn.source.id;
    const inForce = plan === null ? null : scorePlan(plan, view);
    if (fenced !== null) return [{ status: "fenced", source, inForce, shadow: null }];
    tools.onTurn(index);
    const proposal = askSingle({ policy, kept, view, scope: scopeOf(turn, view) }, tools);
    const shadow = proposal.status === "decided" ? scorePlan(proposal.plan, view) : null;
    return [{ ...proposal, source, inForce, shadow }];
  });
}
