/**
 * Negative feedback over several knobs: additive increase, multiplicative decrease, wherever the stages are.
 *
 * After the micro controller of HEI ("hei_nf" in Dayu, INFOCOM 2026): every knob is halved where tasks are late, and raised by a
 * step where there is room. Unlike there, no step is tried that nodes and links are known not to carry; one that failed is left
 * alone for a while, longer each time; and encodings are a knob too.
 */

import { z } from "../../runtime/parse.js";
import { sameConfiguration, type Configuration } from "../../task/configuration.js";
import type { Plan, Policy, PolicyView } from "../policy.js";
import { cloudOnly } from "./cloud-only.js";
import { edgeOnly } from "./edge-only.js";
import {
  failedAgain,
  feedbackOf,
  isCarried,
  isMissed,
  mayTry,
  objectiveOf,
  type Failed,
} from "./feedback.js";
import { KNOBS, levelOf, withLevel, type Knob } from "./knobs.js";
import { FEEDBACK_PARAMETERS, parametersOf, parseParameters, windowTasksOf } from "./parameters.js";

const schema = z.strictObject({
  ...FEEDBACK_PARAMETERS,
  /** Which knobs may be turned. Default: all. */
  knobs: z
    .array(z.enum(KNOBS))
    .min(1)
    .default([...KNOBS]),
  /** Where the stages run. Default `cloud`. */
  place: z.enum(["cloud", "edge"]).default("cloud"),
  /** Share of the wanted latency that must be left for a step up, 0 to 1. Default 0.4. */
  headroom: z.number().min(0).max(1).default(0.4),
  windowTasks: windowTasksOf(16),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  readonly failed: readonly Failed[];
}

export const negativeFeedback: Policy<Parameters, State> = {
  name: "negative-feedback",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("negative-feedback", schema, parameters),
  start: (parameters) => ({ parameters, failed: [] }),
  decide(state, view) {
    const { parameters, failed } = state;
    const { placement } = (parameters.place === "cloud" ? cloudOnly : edgeOnly).decide(null, view).plan;
    const step = adjust(view, parameters, failed);
    return {
      state: { parameters, failed: step.failed },
      plan: { configuration: step.configuration, placement },
      why: { reason: step.reason, inputs: step.inputs },
    };
  },
};

interface Adjusted {
  readonly configuration: Configuration;
  readonly failed: readonly Failed[];
  /** Whether tasks are late. */
  readonly late: boolean;
  readonly reason: string;
  readonly inputs: Readonly<Record<string, number | null>>;
}

/** One step of the controller from the configuration in force. */
export function adjust(
  view: PolicyView,
  { latencyMs: wantedMs, knobs, headroom, windowTasks, dwellMsMin, retryMs }: Omit<Parameters, "place">,
  failed: readonly Failed[],
): Adjusted {
  const objective = objectiveOf(view, wantedMs);
  const { latencyMs, percentile } = objective;
  const configuration = view.plan?.configuration ?? view.source.configuration;
  const feedback = feedbackOf(view, { latencyMs, windowTasks, dwellMsMin });
  const stays = (reason: string, tookMs: number | null, late = false): Adjusted => ({
    configuration,
    failed,
    late,
    reason,
    inputs: { latencyMs, tookMs },
  });
  if (feedback.status === "early") return stays("too few outcomes yet: the configuration stays", null);
  const tookMs = feedback.status === "silent" ? feedback.forMs : rank(feedback.latenciesMs, percentile / 100);
  if (view.recent.planAgeMs < dwellMsMin) return stays("the configuration has not stood long enough", null);
  if (feedback.status === "silent" || isMissed(feedback.latenciesMs, objective)) {
    if (feedback.status === "measured" && feedback.draining) {
      return stays("tasks are late, but what waited is draining: the configuration stays", tookMs);
    }
    const halved = halve(configuration, knobs, view);
    if (sameConfiguration(halved, configuration)) {
      return stays("tasks are late, and nothing is left to give up", tookMs, true);
    }
    const foreseen = view.plan !== null && !isCarried(view.plan, view);
    return {
      configuration: halved,
      failed: failedAgain(failed, keyOf(configuration), { nowMs: view.nowMs, retryMs, foreseen }),
      late: true,
      reason: "tasks are late: knobs are halved",
      inputs: { latencyMs, tookMs },
    };
  }
  const full = feedback.status === "measured" && feedback.latenciesMs.length >= windowTasks;
  if (!full || tookMs > latencyMs * (1 - headroom))
    return stays("tasks are in time: the configuration stays", tookMs);
  const raised = raise(configuration, knobs, view);
  if (raised === null) return stays("tasks are early, but no step up would be carried", tookMs);
  if (sameConfiguration(raised, configuration))
    return stays("tasks are early, and nothing is left to gain", tookMs);
  if (!mayTry(failed, keyOf(raised), view.nowMs))
    return stays("tasks are early, but the next step failed lately", tookMs);
  return {
    configuration: raised,
    failed,
    late: false,
    reason: "tasks are early: a step up",
    inputs: { latencyMs, tookMs },
  };
}

function halve(from: Configuration, knobs: readonly Knob[], { source }: PolicyView): Configuration {
  return knobs.reduce((configuration, knob) => {
    const { at } = levelOf(knob, configuration, source);
    return withLevel(knob, Math.floor(at / 2), configuration, source);
  }, from);
}

/** One step for all knobs or, where nodes and links are known not to carry that, for the lowest one that they carry; null where there is none. */
function raise(from: Configuration, knobs: readonly Knob[], view: PolicyView): Configuration | null {
  const { source, plan } = view;
  const placement: Plan["placement"] = plan?.placement ?? new Map();
  const carries = (configuration: Configuration) => isCarried({ configuration, placement }, view);
  const up = (configuration: Configuration, knob: Knob): Configuration =>
    withLevel(knob, levelOf(knob, configuration, source).at + 1, configuration, source);
  const all = knobs.reduce(up, from);
  if (sameConfiguration(all, from) || carries(all)) return all;
  const share = (knob: Knob): number => {
    const { at, top } = levelOf(knob, from, source);
    return top === 0 ? 1 : at / top;
  };
  for (const knob of knobs.toSorted((a, b) => share(a) - share(b))) {
    const one = up(from, knob);
    if (!sameConfiguration(one, from) && carries(one)) return one;
  }
  return null;
}

function keyOf({ width, height, fps, quality, encoding, variants = {} }: Configuration): string {
  return `${width}x${height}@${fps}/${encoding}/${quality}/${Object.values(variants).join(" ")}`;
}

function rank(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
