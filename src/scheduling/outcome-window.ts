/** The last outcomes of one source under one plan, bounded, with what a policy asks of them. */

import { sameConfiguration, type Configuration } from "../task/configuration.js";
import type { TaskOutcome } from "../task/reports.js";

/** Percentiles of recent tasks. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** What became of tasks of the source that were made under the plan in force, and of no others. */
export interface RecentOutcomes {
  /** Oldest first, at most 128. */
  readonly outcomes: readonly TaskOutcome[];
  readonly stored: number;
  readonly dropped: number;
  /** Stored ones that took longer than the objective of the source; 0 where it has none. */
  readonly late: number;
  /** Detections a task, on average over the stored ones; null where there is none. */
  readonly objects: number | null;
  /** Source timestamp to stored, in ms, over the stored ones; null where there is none. */
  readonly latencyMs: Percentiles | null;
  /** Since this plan came into force, in ms. */
  readonly planAgeMs: number;
}

/** To which plan an outcome is credited. */
interface Credit {
  readonly configuration: Configuration;
  /** Of the first table with the plan. */
  readonly epoch: number;
  /** When it was published, ms since the Unix epoch: drops do not say under which plan they were made. */
  readonly atMs: number;
  readonly pipelineVersion: number;
}

/** Outcomes kept for each source: enough for a p99 that is not one task, small enough to sort at every round. */
const OUTCOME_WINDOW = 128;

export class OutcomeWindow {
  readonly #capacity: number;
  readonly #outcomes: TaskOutcome[] = [];
  #credit: Credit | null = null;
  #inForceAtMs: number;
  #summary: Omit<RecentOutcomes, "planAgeMs"> | null = null;
  #latencyMsMax: number | null = null;

  /** @param inForceAtMs since when the plan is in force, by the monotonic clock */
  constructor(inForceAtMs: number, capacity = OUTCOME_WINDOW) {
    this.#inForceAtMs = inForceAtMs;
    this.#capacity = capacity;
  }

  /** Another plan is in force: what was learned under the one before says nothing of it. */
  restart(credit: Credit, inForceAtMs: number): void {
    this.#credit = credit;
    this.#inForceAtMs = inForceAtMs;
    this.#outcomes.length = 0;
    this.#summary = null;
  }

  /** @returns whether it counts: an outcome of a task made under another plan does not */
  add(outcome: TaskOutcome): boolean {
    if (this.#credit !== null && !isCredited(outcome, this.#credit)) return false;
    this.#outcomes.push(outcome);
    if (this.#outcomes.length > this.#capacity) this.#outcomes.shift();
    this.#summary = null;
    return true;
  }

  /** @param latencyMsMax what the source is to keep; null where it has no objective */
  report(nowMs: number, latencyMsMax: number | null): RecentOutcomes {
    if (latencyMsMax !== this.#latencyMsMax) this.#summary = null;
    this.#latencyMsMax = latencyMsMax;
    this.#summary ??= summarise(this.#outcomes, latencyMsMax);
    return { ...this.#summary, planAgeMs: nowMs - this.#inForceAtMs };
  }
}

function isCredited(outcome: TaskOutcome, { configuration, epoch, atMs, pipelineVersion }: Credit): boolean {
  if (outcome.configuration === null) return outcome.sourceAtMs >= atMs;
  return (
    outcome.pipelineVersion === pipelineVersion &&
    sameConfiguration(outcome.configuration, configuration) &&
    outcome.hops.every((hop) => hop.epoch >= epoch)
  );
}

function summarise(
  outcomes: readonly TaskOutcome[],
  latencyMsMax: number | null,
): Omit<RecentOutcomes, "planAgeMs"> {
  const stored = outcomes.filter(({ outcome }) => outcome.status === "stored");
  const latencies = stored.map(({ settledAtMs, sourceAtMs }) => settledAtMs - sourceAtMs);
  return {
    outcomes,
    stored: stored.length,
    dropped: outcomes.length - stored.length,
    late: latencyMsMax === null ? 0 : latencies.filter((latencyMs) => latencyMs > latencyMsMax).length,
    objects:
      stored.length === 0 ? null : stored.reduce((sum, { objects }) => sum + objects, 0) / stored.length,
    latencyMs: latencies.length === 0 ? null : percentiles(latencies),
  };
}

/** Nearest-rank percentiles of at least one value. */
export function percentiles(values: Iterable<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
