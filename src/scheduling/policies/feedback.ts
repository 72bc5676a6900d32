/** What feedback tells a controller, and how long it leaves alone what failed. */

import type { Objective } from "../../task/configuration-space.js";
import type { Plan, PolicyView } from "../policy.js";
import { predict } from "../predict.js";

/** Where neither the pipeline nor the parameters say what is wanted: a second for 95 of 100 tasks. */
const OBJECTIVE_DEFAULT: Objective = { latencyMs: 1_000, percentile: 95, yields: "detail" };

export function objectiveOf(view: Pick<PolicyView, "source">, latencyMs: number | undefined): Objective {
  const { slo = OBJECTIVE_DEFAULT } = view.source;
  return latencyMs === undefined ? slo : { ...slo, latencyMs };
}

export type Feedback =
  /** Too little came yet to tell. */
  | { readonly status: "early" }
  /** Nothing came for far longer than it should take: worse than any latency. */
  | { readonly status: "silent"; readonly forMs: number }
  | {
      readonly status: "measured";
      readonly latenciesMs: readonly number[];
      /** Whether each took less than those before: what waited is draining, and giving up more would be of no use. */
      readonly draining: boolean;
    };

/** Tasks that tell that something is wrong; whether all is well takes a whole window. */
const TASKS_MIN = 3;
/** Times the objective without any outcome. */
const SILENT_TIMES = 4;
const SILENT_MS_MIN = 5_000;

/** Which outcomes are looked at. */
interface FeedbackScope {
  /** Wanted, in ms. */
  readonly latencyMs: number;
  /** The newest ones, at most. */
  readonly windowTasks: number;
  /** How long a plan stands before its tasks count: what has just begun loads models and opens its source again. */
  readonly dwellMsMin: number;
}

export function feedbackOf(
  { source, pauses, recent }: Pick<PolicyView, "source" | "pauses" | "recent">,
  { latencyMs, windowTasks, dwellMsMin }: FeedbackScope,
): Feedback {
  const { planAgeMs, settledAfterMs } = recent;
  // That nothing comes of what is paused says nothing.
  if (source.pause !== undefined || pauses) return { status: "early" };
  if (recent.latenciesMs.length === 0) {
    const silentMs = Math.max(SILENT_MS_MIN, SILENT_TIMES * latencyMs);
    return planAgeMs > silentMs ? { status: "silent", forMs: planAgeMs } : { status: "early" };
  }
  const from = settledAfterMs.findIndex((afterMs) => afterMs >= dwellMsMin);
  const counted = from < 0 ? [] : [...recent.latenciesMs.subarray(from)].slice(-windowTasks);
  if (counted.length < TASKS_MIN) return { status: "early" };
  // A drop is as late as can be: twice the objective does as well as any number.
  const latenciesMs = counted.map((tookMs) => (Number.isFinite(tookMs) ? tookMs : 2 * latencyMs));
  return { status: "measured", latenciesMs, draining: isDraining(latenciesMs) };
}

/**
 * Whether more tasks were late than may be and than chance makes of so few: one of sixteen is none that anybody answers, though
 * it is more than 5 of 100. Two standard deviations of the binomial distribution.
 */
export function isMissed(latenciesMs: readonly number[], { latencyMs, percentile }: Objective): boolean {
  const late = latenciesMs.filter((tookMs) => tookMs > latencyMs).length;
  const share = 1 - percentile / 100;
  const expected = latenciesMs.length * share;
  return late >= TASKS_MIN && late > expected + 2 * Math.sqrt(expected * (1 - share));
}

/** Mean of the newer half, as a share of that of the older one. */
const DRAINING_SHARE_MAX = 0.9;

function isDraining(latenciesMs: readonly number[]): boolean {
  const middle = Math.floor(latenciesMs.length / 2);
  const mean = (some: readonly number[]) => some.reduce((sum, ms) => sum + ms, 0) / some.length;
  return mean(latenciesMs.slice(-middle)) < DRAINING_SHARE_MAX * mean(latenciesMs.slice(0, middle));
}

/** What was tried and failed: left alone for a while, longer each time. */
export interface Failed {
  readonly what: string;
  readonly untilMs: number;
  readonly waitMs: number;
}

/** It waits twice as long each time, so often. */
const DOUBLINGS_MAX = 4;
/** Of what nodes and links are known not to carry: it is not tried before they do, so that waiting adds little. */
const FORESEEN_SHARE = 1 / 6;
const FAILED_KEPT = 8;

/** @param foreseen whether nodes and links are known not to carry it */
export function failedAgain(
  failed: readonly Failed[],
  what: string,
  {
    nowMs,
    retryMs,
    foreseen,
  }: { readonly nowMs: number; readonly retryMs: number; readonly foreseen: boolean },
): readonly Failed[] {
  const before = failed.find((other) => other.what === what);
  const firstMs = foreseen ? retryMs * FORESEEN_SHARE : retryMs;
  const longestMs = retryMs * 2 ** DOUBLINGS_MAX;
  const waitMs = before === undefined ? firstMs : Math.min(longestMs, Math.max(firstMs, before.waitMs * 2));
  const others = failed.filter((other) => other.what !== what);
  return [...others, { what, waitMs, untilMs: nowMs + waitMs }].slice(-FAILED_KEPT);
}

export function mayTry(failed: readonly Failed[], what: string, nowMs: number): boolean {
  return failed.every((other) => other.what !== what || other.untilMs <= nowMs);
}

/** Share of a node or link that a step up may ask for. */
const UTILISATION_MAX = 0.8;

/** Whether nodes and links are known to carry a plan, as far as they were measured: what they do not is not worth a trial. */
export function isCarried(plan: Plan, view: PolicyView): boolean {
  return predict(plan, view).utilisation <= UTILISATION_MAX;
}
