/**
 * Feedback control of the resolution: every stage on the cloud, and images as large as arrive in time.
 *
 * After "fc" in Dayu, which takes it from "Better Never than Late: Timely Edge Video Analytics Over the Air" (SenSys 2021): an
 * early task counts linearly, a late one by the square of how late it is; one step up where all of a window were early, half of
 * the way down where the mean error is positive. Unlike there, a window is never used twice, for the outcomes of one plan are
 * not credited to the next; a size is not tried that the link is known not to carry; one that failed is left alone for a while,
 * longer each time; and silence counts as late.
 */

import { z } from "../../runtime/parse.js";
import type { Decision, Policy, PolicyView } from "../policy.js";
import { cloudOnly } from "./cloud-only.js";
import {
  failedAgain,
  feedbackOf,
  isCarried,
  mayTry,
  objectiveOf,
  type Failed,
  type Feedback,
} from "./feedback.js";
import { levelOf, withLevel } from "./knobs.js";
import { FEEDBACK_PARAMETERS, parametersOf, parseParameters, windowTasksOf } from "./parameters.js";

export const schema = z.strictObject({
  ...FEEDBACK_PARAMETERS,
  windowTasks: windowTasksOf(20),
  /** Mean time, as share of the wanted latency, by which tasks must be early for a step up, 0 to 1. Default 0.5. */
  headroom: z.number().min(0).max(1).default(0.5),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  readonly failed: readonly Failed[];
}

export const feedbackControl: Policy<Parameters, State> = {
  name: "fc",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("fc", schema, parameters),
  start: (parameters) => ({ parameters, failed: [] }),
  decide(state, view) {
    const { parameters } = state;
    const { latencyMs } = objectiveOf(view, parameters.latencyMs);
    const configuration = view.plan?.configuration ?? view.source.configuration;
    const { at, top } = levelOf("resolution", configuration, view.source);
    const feedback = feedbackOf(view, { ...parameters, latencyMs });
    const error = errorOf(feedback, latencyMs);
    const full = feedback.status === "measured" && feedback.latenciesMs.length >= parameters.windowTasks;
    const { placement } = cloudOnly.decide(null, view).plan;
    let to = at;
    const settled = view.recent.planAgeMs >= parameters.dwellMsMin;
    const draining = feedback.status === "measured" && feedback.draining;
    if (error !== null && error > 0 && settled && !draining) to = Math.floor(at / 2);
    else if (error !== null && full && error <= -parameters.headroom && at < top && settled) {
      const larger = withLevel("resolution", at + 1, configuration, view.source);
      const carried = isCarried({ configuration: larger, placement }, view);
      if (carried && mayTry(state.failed, String(at + 1), view.nowMs)) to = at + 1;
    }
    const foreseen = to < at && !isCarried({ configuration, placement }, view);
    const trial = { nowMs: view.nowMs, retryMs: parameters.retryMs, foreseen };
    const failed = to < at ? failedAgain(state.failed, String(at), trial) : state.failed;
    return decided({ ...state, failed }, view, { at, to, error, latencyMs, draining });
  },
};

/** Mean over the window, in units of the wanted latency: below 0 early, above 0 late; null where it is too early to tell. */
function errorOf(feedback: Feedback, latencyMs: number): number | null {
  if (feedback.status === "early") return null;
  if (feedback.status === "silent") return feedback.forMs / latencyMs;
  const errors = feedback.latenciesMs.map((tookMs) => {
    const late = tookMs / latencyMs - 1;
    return late <= 0 ? late : late * late;
  });
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

function decided(
  state: State,
  view: PolicyView,
  step: {
    readonly at: number;
    readonly to: number;
    readonly error: number | null;
    readonly latencyMs: number;
    readonly draining: boolean;
  },
): Decision<State> {
  const { at, to, error, latencyMs, draining } = step;
  const before = view.plan?.configuration ?? view.source.configuration;
  const configuration = to === at ? before : withLevel("resolution", to, before, view.source);
  const { placement } = cloudOnly.decide(null, view).plan;
  const verdict =
    to === at
      ? error !== null && error > 0 && draining
        ? "tasks are late, but what waited is draining: the resolution stays"
        : "the resolution stays"
      : to > at
        ? "tasks are early: one step up"
        : "tasks are late: half of the way down";
  return {
    state,
    plan: { configuration, placement },
    why: {
      reason: error === null ? "too few outcomes yet: the resolution stays" : verdict,
      inputs: { latencyMs, error, resolution: `${configuration.width}x${configuration.height}` },
    },
  };
}
