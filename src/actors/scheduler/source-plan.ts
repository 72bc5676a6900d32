/** One source under its policy: decides, checks what the policy says, and keeps the last good plan where it fails. */

import type { NodeName } from "../../task/identity.js";
import type { Explanation, SourceDescription } from "../../task/requests.js";
import type { ImageSizes } from "./image-sizes.js";
import type { OutcomeWindow } from "../../scheduling/outcome-window.js";
import { needOf } from "../../scheduling/load.js";
import { completePlan, samePlan, usableOffers } from "../../scheduling/plan.js";
import { edgeOnly } from "../../scheduling/policies/edge-only.js";
import type { Plan, PolicyRun, PolicyView, SourceView } from "../../scheduling/policy.js";

export interface SourceEntry {
  readonly description: SourceDescription;
  readonly run: PolicyRun;
  readonly window: OutcomeWindow;
  readonly images: ImageSizes;
  /** In force, complete; null before the first decision. */
  readonly plan: Plan | null;
  readonly why: Explanation;
  /** Decisions in a row that took too long, and until when the policy is not asked again, by the monotonic clock. */
  readonly fence: { readonly strikes: number; readonly untilMs: number };
}

export const NO_FENCE: SourceEntry["fence"] = { strikes: 0, untilMs: Number.NEGATIVE_INFINITY };
/** What a decision may take, in ms: every source waits for it, and every node for the table. */
const POLICY_MS_MAX = 200;
/** How long a policy that took longer is not asked, in ms; twice as long each time in a row. */
const FENCE_MS = { first: 10_000, max: 640_000 };

export interface SourceDecision {
  readonly entry: SourceEntry;
  readonly changed: boolean;
  /** What the policy threw. */
  readonly failure: unknown;
}

interface DecideOptions {
  readonly excluded?: typeof NONE;
  /** For what the policy takes, in ms. */
  readonly monotonic: () => number;
}

/** What a view of one source has beyond the source itself. */
export type RoundView = Omit<PolicyView, "source" | "native" | "plan" | "recent" | "imageBytesPerPixel">;

const NONE: ReadonlyMap<string, ReadonlySet<NodeName>> = new Map();

/**
 * Decides for one source. A policy that throws, or proposes what cannot be, changes nothing: its state and the plan in
 * force stay, less the nodes that are gone; before any plan the source runs as it would before any table. One that took too long
 * changes nothing either, and is not asked again for a while.
 */
export function decideSource(
  entry: SourceEntry,
  round: RoundView,
  { excluded = NONE, monotonic }: DecideOptions,
): SourceDecision {
  const { plan: before } = entry;
  const known = viewOf(entry, round);
  const scope = { ...known, excluded, accepted: before?.configuration ?? null };
  const view = { ...known, offers: usableOffers(scope) };
  const keep = (reason: string, failure: unknown, fence = entry.fence): SourceDecision => {
    const plan = completePlan(before ?? edgeOnly.decide(null, view).plan, scope);
    const changed = before === null || !samePlan(before, plan);
    const why = { reason: `policy "${entry.run.policy}" ${reason}: the plan before it stays`, inputs: {} };
    return { entry: { ...entry, why, fence, plan: changed ? plan : before }, changed, failure };
  };
  const { strikes, untilMs } = entry.fence;
  if (view.nowMs < untilMs)
    return keep(`took longer than ${POLICY_MS_MAX} ms and is not asked for a while`, undefined);
  const askedAtMs = monotonic();
  try {
    const { run, plan: proposed, why: said } = entry.run.decide(view);
    const tookMs = monotonic() - askedAtMs;
    if (tookMs > POLICY_MS_MAX) {
      const waitMs = Math.min(FENCE_MS.max, FENCE_MS.first * 2 ** strikes);
      const text = `took ${Math.round(tookMs)} ms, more than ${POLICY_MS_MAX}`;
      return keep(text, new Error(`It ${text}`), { strikes: strikes + 1, untilMs: monotonic() + waitMs });
    }
    const why = withExclusions(said, excluded);
    const plan = completePlan(proposed, scope);
    const changed = before === null || !samePlan(before, plan);
    const decided = { ...entry, run, why, fence: NO_FENCE, plan: changed ? plan : before };
    return { entry: decided, changed, failure: undefined };
  } catch (thrown) {
    return keep("failed", thrown ?? "nothing");
  }
}

/** What the policy of a source sees. */
export function viewOf({ description, window, images, plan }: SourceEntry, round: RoundView): PolicyView {
  return {
    ...round,
    source: description,
    native: description.native ?? null,
    plan,
    recent: window.report(round.nowMs, description.slo?.latencyMs ?? null),
    imageBytesPerPixel: images.bytesPerPixel,
  };
}

/** What the policies of other sources see of this one. */
export function sourceView(
  { description, window, images, plan, run }: SourceEntry,
  nowMs: number,
): SourceView {
  const { node, slo = null } = description;
  const { stored, dropped, late } = window.report(nowMs, slo?.latencyMs ?? null);
  return {
    node,
    policy: run.policy,
    slo,
    plan,
    need: plan === null ? null : needOf(plan.configuration, images.bytesPerPixel),
    inTimeShare: slo === null || stored + dropped === 0 ? null : (stored - late) / (stored + dropped),
  };
}

/** Says which nodes a plan does without, so that nobody wonders why it is not what the policy is known for. */
function withExclusions({ reason, inputs }: Explanation, excluded: typeof NONE): Explanation {
  if (excluded.size === 0) return { reason, inputs };
  const without = [...excluded].map(([stage, nodes]) => `${stage} on ${[...nodes].join(" and ")}`);
  return { reason, inputs: { ...inputs, cannotRun: without.join(", ") } };
}
