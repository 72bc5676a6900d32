/** One source under its policy: decides, checks what the policy says, and keeps the last good plan where it fails. */

import type { NodeName, StageId } from "../../task/identity.js";
import type { Explanation, SourceDescription } from "../../task/requests.js";
import type { ImageSizes } from "./image-sizes.js";
import type { OutcomeWindow } from "../../scheduling/outcome-window.js";
import { completePlan, samePlan } from "../../scheduling/plan.js";
import { edgeOnly } from "../../scheduling/policies/edge-only.js";
import type { Plan, PolicyRun, PolicyView } from "../../scheduling/policy.js";

export interface SourceEntry {
  readonly description: SourceDescription;
  readonly run: PolicyRun;
  readonly window: OutcomeWindow;
  readonly images: ImageSizes;
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

/** What a view of one source has beyond the source itself. */
export type RoundView = Omit<PolicyView, "source" | "plan" | "recent" | "imageBytesPerPixel">;

const NONE: ReadonlyMap<StageId, ReadonlySet<NodeName>> = new Map();

/**
 * Decides for one source. A policy that throws, or proposes what cannot be, changes nothing: its state and the plan in
 * force stay, less the nodes that are gone; before any plan the source runs as it would before any table.
 */
export function decideSource(
  entry: SourceEntry,
  round: RoundView,
  excluded: typeof NONE = NONE,
): SourceDecision {
  const { plan: before } = entry;
  const view = viewOf(entry, round);
  const scope = { ...view, excluded, accepted: before?.configuration ?? null };
  try {
    const { run, plan: proposed, why: said } = entry.run.decide(view);
    const why = withExclusions(said, excluded);
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

/** What the policy of a source sees. */
export function viewOf({ description, window, images, plan }: SourceEntry, round: RoundView): PolicyView {
  return {
    ...round,
    source: description,
    plan,
    recent: window.report(round.nowMs, description.slo?.latencyMs ?? null),
    imageBytesPerPixel: images.bytesPerPixel,
  };
}

/** Says which nodes a plan does without, so that nobody wonders why it is not what the policy is known for. */
function withExclusions({ reason, inputs }: Explanation, excluded: typeof NONE): Explanation {
  if (excluded.size === 0) return { reason, inputs };
  const without = [...excluded].map(([stage, nodes]) => `${stage} on ${[...nodes].join(" and ")}`);
  return { reason, inputs: { ...inputs, cannotRun: without.join(", ") } };
}
