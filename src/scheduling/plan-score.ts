/** What is expected of a plan, in the terms by which plans are compared: tasks that come too late, and what it costs. */

import type { PlanScore } from "../task/reports.js";
import type { Plan, PolicyView } from "./policy.js";
import { loadOf } from "./load.js";
import { predict } from "./predict.js";

/** Of the predicted latency, of which half is service and half waits, as far as nothing is measured. */
const WAIT_SHARE = 0.5;

/**
 * Latency, load and traffic are as predicted. Waits are taken to be exponential, so the share beyond the objective is
 * `exp(-(objective - service) / wait)`; where queues grow for ever, every task will be late.
 */
export function scorePlan(plan: Plan, view: PolicyView): PlanScore {
  const { latencyMs, utilisation, crossingMbps } = predict(plan, view);
  let busyMs = 0;
  for (const ms of loadOf(plan, view).busyMs.values()) busyMs += ms;
  return {
    latencyMs,
    missShare: missShare(latencyMs, utilisation, view.source.slo?.latencyMs),
    utilisation,
    busyMs,
    crossingMbps,
  };
}

function missShare(latencyMs: number, utilisation: number, wantedMs: number | undefined): number | null {
  if (wantedMs === undefined) return null;
  if (utilisation >= 1) return 1;
  const waitMs = latencyMs * WAIT_SHARE;
  return wantedMs <= latencyMs - waitMs ? 1 : Math.exp(-(wantedMs - (latencyMs - waitMs)) / waitMs);
}
