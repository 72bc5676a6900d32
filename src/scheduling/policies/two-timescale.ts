/**
 * Two timescales: a search over placement and configuration now and then, and feedback around what it found in between.
 *
 * After Steady and HEI (INFOCOM 2026; "steady" and "hei" in Dayu): the slow loop searches with a predictor and keeps its plan
 * unless another one beats it by a tenth; the fast loop turns the knobs by negative feedback. Unlike there, pipelines need
 * not be lines of two stages, and where tasks are late the slow loop is run before the fast one gives anything up.
 */

import { z } from "../../runtime/parse.js";
import { sameConfiguration } from "../../task/configuration.js";
import type { Plan, Policy, PolicyView } from "../policy.js";
import { objectiveOf, type Failed } from "./feedback.js";
import { KNOBS } from "./knobs.js";
import { adjust } from "./negative-feedback.js";
import { FEEDBACK_PARAMETERS, parametersOf, parseParameters, windowTasksOf } from "./parameters.js";
import { searchPlans } from "./search.js";

export const schema = z.strictObject({
  ...FEEDBACK_PARAMETERS,
  /** Between searches, in ms. Default 60,000. */
  macroMs: z.number().positive().default(60_000),
  /** Share by which the score of another placement must be better. Default 0.1. */
  improvementMin: z.number().min(0).default(0.1),
  windowTasks: windowTasksOf(16),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  /** When it was last searched; null before. */
  readonly searchedAtMs: number | null;
  readonly failed: readonly Failed[];
}

/** What the fast loop leaves before it raises a knob, as a share of the objective. */
const HEADROOM = 0.4;
/** Where tasks are late it is searched before anything is given up, but no sooner than this after the last time. */
const MACRO_MS_MIN = 2_000;

export const twoTimescale: Policy<Parameters, State> = {
  name: "two-timescale",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("two-timescale", schema, parameters),
  start: (parameters) => ({ parameters, searchedAtMs: null, failed: [] }),
  decide(state, view) {
    const { parameters, searchedAtMs } = state;
    const sinceMs = searchedAtMs === null ? Infinity : view.nowMs - searchedAtMs;
    const micro =
      view.plan === null
        ? null
        : adjust(view, { ...parameters, knobs: [...KNOBS], headroom: HEADROOM }, state.failed);
    const early = micro?.late === true && sinceMs >= Math.min(MACRO_MS_MIN, parameters.macroMs);
    // What was just begun is measured before it is compared with what is predicted of others.
    const measured = micro === null || micro.inputs["tookMs"] !== null;
    const macro = early || (measured && sinceMs >= parameters.macroMs) ? search(view, parameters) : null;
    const plan = macro?.plan ?? view.plan;
    if (plan === null) throw new TypeError("The first decision must search");
    const moved = macro !== null && macro.plan !== view.plan;
    return {
      state: {
        parameters,
        searchedAtMs: macro === null ? searchedAtMs : view.nowMs,
        failed: micro?.failed ?? state.failed,
      },
      plan:
        moved || micro === null ? plan : { configuration: micro.configuration, placement: plan.placement },
      why: {
        reason: moved ? macro.reason : (micro?.reason ?? "the best of what is predicted"),
        inputs: { ...micro?.inputs, searched: macro !== null, score: macro?.score ?? null },
      },
    };
  },
};

/** The placement of the best plan, if it beats the one in force by enough, with its configuration where it changes. */
function search(
  view: PolicyView,
  { latencyMs, improvementMin }: Parameters,
): { readonly plan: Plan; readonly reason: string; readonly score: number } {
  const { best, current } = searchPlans(view, objectiveOf(view, latencyMs), () => true);
  if (current === null)
    return { plan: best.plan, reason: "the best of what is predicted", score: best.score };
  const samePlace = [...best.plan.placement].every(
    ([stage, [first]]) => current.plan.placement.get(stage)?.[0] === first,
  );
  // The configuration is the fast loop's, unless the stages move.
  const better = best.score < current.score * (1 - improvementMin);
  if (!better || samePlace)
    return { plan: current.plan, reason: "no placement is better by enough", score: current.score };
  const kept = sameConfiguration(best.plan.configuration, current.plan.configuration);
  return {
    plan: best.plan,
    reason: kept ? "another placement is better" : "another plan is better",
    score: best.score,
  };
}
