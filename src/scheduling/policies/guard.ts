/**
 * A circuit breaker around any policy: where tasks are late too often, a safe policy decides until they are in time again.
 *
 * After the latency guard of Hedger in Dayu, which is of use by itself: window, share of bad ones, evaluations in a row to trip and
 * to recover. Unlike there it wraps every policy; the outcomes that it looks at are of the plan in force alone; and it recovers on
 * trial, so a policy that trips again at once waits longer each time. A source that is stopped tells nothing of whether all is well again:
 * so it has one paused, and its queues flushed, only where that is asked for, and only for a while. Then the safe policy is on trial, and
 * where tasks are late under that one too, the source pauses again. Or it has little captured meanwhile.
 */

import { z } from "../../runtime/parse.js";
import type { Configuration } from "../../task/configuration.js";
import type { BoundPolicy, Policy, PolicyScope, PolicyView } from "../policy.js";
import { feedbackOf, objectiveOf } from "./feedback.js";
import { KNOBS, withLevel } from "./knobs.js";
import { parametersOf, parseParameters } from "./parameters.js";

const policy = z.strictObject({
  name: z.string().min(1),
  parameters: z.record(z.string(), z.unknown()).default({}),
});
const share = z.number().min(0).max(1);

const schema = z.strictObject({
  /** The one that is guarded. */
  policy,
  /** The one that decides while it is tripped. Default `edge-only`. */
  safe: policy.default({ name: "edge-only", parameters: {} }),
  /** Whether the source is captured as little as its space allows while it is tripped. Default false. */
  sheds: z.boolean().default(false),
  /** A task is bad that takes longer, in ms. Default: the objective of the pipeline, or 1,000. */
  latencyMs: z.number().positive().optional(),
  /** Newest outcomes looked at, and how many it takes. Default 32 and 16. */
  windowTasks: z.int().min(1).max(128).default(32),
  tasksMin: z.int().min(1).max(128).default(16),
  /** Time in ms that a plan stands before its tasks count: it may have to load models first. Default 3,000. */
  dwellMsMin: z.number().min(0).default(3_000),
  /** Share of bad ones at which it trips, and for how many evaluations in a row. Default 0.5 and 2. */
  tripShare: share.default(0.5),
  tripTimes: z.int().min(1).default(2),
  /** Share of bad ones at which it recovers, and for how many evaluations in a row. Default 0.2 and 3. */
  recoverShare: share.default(0.2),
  recoverTimes: z.int().min(1).default(3),
  /** Time in ms that it stays tripped at least; twice as long each time that it trips again soon. Default 10,000. */
  trippedMsMin: z.number().min(0).default(10_000),
  /**
   * Time in ms that the source captures nothing once it trips, and each time that tasks are late under the safe policy too; what waits
   * of it is dropped. Default 0: it is not paused, and nothing is dropped.
   */
  pauseMs: z.number().min(0).default(0),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  /** States of the two policies. */
  readonly guarded: unknown;
  readonly safe: unknown;
  readonly tripped: boolean;
  /** Evaluations in a row that speak for the other state. */
  readonly streak: number;
  readonly changedAtMs: number;
  /** How often it has tripped without a calm time between. */
  readonly trips: number;
  /** Evaluations in a row that found the safe policy no better. */
  readonly relapses: number;
  /** Until when the source is paused; at or before now where it is not. */
  readonly pausedUntilMs: number;
}

/** A policy that held for so many times the least trip is trusted anew. */
const CALM_TIMES = 30;
const DOUBLINGS_MAX = 6;

/** @param find the policies that it may guard, by name; @throws SluiceError `policy-invalid` of a name that is not known */
export function createGuard(find: (name: string) => BoundPolicy): Policy<Parameters, State> {
  const started = ({ name, parameters }: z.output<typeof policy>, scope?: PolicyScope): unknown =>
    find(name).start(parameters, scope).state;
  return {
    name: "guard",
    version: "2",
    get parameters() {
      return parametersOf(schema);
    },
    parse(parameters) {
      const parsed = parseParameters("guard", schema, parameters);
      started(parsed.policy);
      started(parsed.safe);
      return parsed;
    },
    check(parameters, scope) {
      started(parameters.policy, scope);
      started(parameters.safe, scope);
    },
    start: (parameters) => ({
      parameters,
      guarded: started(parameters.policy),
      safe: started(parameters.safe),
      tripped: false,
      streak: 0,
      changedAtMs: 0,
      trips: 0,
      relapses: 0,
      pausedUntilMs: 0,
    }),
    decide(before, view) {
      const state = evaluated(before, view);
      const { parameters, tripped } = state;
      const paused = view.nowMs < state.pausedUntilMs;
      const { name } = tripped ? parameters.safe : parameters.policy;
      const { run, plan, why } = find(name)
        .resume(tripped ? state.safe : state.guarded)
        .decide(view);
      const shed = tripped && parameters.sheds ? { ...plan, configuration: leastOf(view) } : plan;
      const tripText = paused ? `tripped and paused for ${parameters.pauseMs} ms` : "tripped";
      return {
        state: { ...state, ...(tripped ? { safe: run.state } : { guarded: run.state }) },
        plan: paused ? { ...shed, pause: { reason: PAUSE_REASON, flushes: true } } : shed,
        why: {
          reason: tripped ? `${tripText}, as tasks were late: by "${name}", ${why.reason}` : why.reason,
          inputs: { ...why.inputs, tripped, trips: state.trips, paused },
        },
      };
    },
  };
}

const PAUSE_REASON = "tasks were late";

/** Every knob at its lowest. */
function leastOf({ source }: PolicyView): Configuration {
  return KNOBS.reduce((least, knob) => withLevel(knob, 0, least, source), source.configuration);
}

/** Whether it trips or recovers, by the outcomes of the plan in force. */
function evaluated(state: State, view: PolicyView): State {
  const { parameters, tripped, streak, relapses, changedAtMs, trips } = state;
  const pausedUntilMs = parameters.pauseMs > 0 ? view.nowMs + parameters.pauseMs : state.pausedUntilMs;
  const bad = badShare(parameters, view);
  const stoodMs = view.nowMs - changedAtMs;
  if (bad === null) return state;
  if (!tripped) {
    const calm = trips > 0 && stoodMs > parameters.trippedMsMin * CALM_TIMES ? { ...state, trips: 0 } : state;
    if (bad < parameters.tripShare) return { ...calm, streak: 0 };
    if (streak + 1 < parameters.tripTimes) return { ...calm, streak: streak + 1 };
    const tripping = { tripped: true, streak: 0, relapses: 0, trips: calm.trips + 1 };
    return { ...calm, ...tripping, changedAtMs: view.nowMs, pausedUntilMs };
  }
  if (bad >= parameters.tripShare) {
    if (relapses + 1 < parameters.tripTimes) return { ...state, streak: 0, relapses: relapses + 1 };
    return { ...state, streak: 0, relapses: 0, pausedUntilMs };
  }
  if (bad > parameters.recoverShare) return { ...state, streak: 0, relapses: 0 };
  const leastMs = parameters.trippedMsMin * 2 ** Math.min(DOUBLINGS_MAX, trips - 1);
  if (streak + 1 < parameters.recoverTimes || stoodMs < leastMs) return { ...state, streak: streak + 1 };
  return { ...state, tripped: false, streak: 0, changedAtMs: view.nowMs };
}

/** Of the newest outcomes; null where there are too few. */
function badShare(
  { latencyMs: badMs, windowTasks, tasksMin, dwellMsMin }: Parameters,
  view: PolicyView,
): number | null {
  const { latencyMs } = objectiveOf(view, badMs);
  const feedback = feedbackOf(view, { latencyMs, windowTasks, dwellMsMin });
  if (feedback.status === "silent") return 1;
  if (feedback.status === "early" || feedback.latenciesMs.length < tasksMin) return null;
  const bad = feedback.latenciesMs.filter((tookMs) => tookMs > latencyMs).length;
  return bad / feedback.latenciesMs.length;
}
