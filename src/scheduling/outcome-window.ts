/** The last outcomes of one source under one plan, bounded, with what a policy asks of them. */

import { sameConfiguration, type Configuration } from "../task/configuration.js";
import type { TaskOutcome } from "../task/reports.js";
import type { Scene } from "../task/scene.js";
import type { DropReason } from "../task/task.js";

/** Percentiles of recent tasks. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** What became of tasks of the source that were made under the plan in force, and of no others: the newest 128. */
export interface RecentOutcomes {
  /** Source timestamp to stored, in ms, one for each task, oldest first; `Infinity` of a task that was dropped. */
  readonly latenciesMs: Float64Array;
  /** When each was settled, in ms of `planAgeMs`. */
  readonly settledAfterMs: Float64Array;
  readonly stored: number;
  readonly dropped: number;
  /** The dropped ones by reason; those that missed the deadline of their pipeline are under `deadline`. */
  readonly drops: Readonly<Partial<Record<DropReason, number>>>;
  /** Stored ones that took longer than the objective of the source; 0 where it has none. */
  readonly late: number;
  /** Stored ones that it took more than one delivery to store. */
  readonly redelivered: number;
  /** Tasks that the source made a second; null of fewer than two, or all at once. */
  readonly tasksPerS: number | null;
  /** What was to be seen, on average over the stored ones; null where there is none. */
  readonly scene: Scene | null;
  /** Source timestamp to stored, in ms, over the stored ones; null where there is none. */
  readonly latencyMs: Percentiles | null;
  /** Since the newest one was settled, in ms; null where there is none. */
  readonly ageMs: number | null;
  /** Since this plan came into force and what was under way before it was settled, in ms. */
  readonly planAgeMs: number;
}

/** To which plan an outcome is credited. */
interface Credit {
  readonly configuration: Configuration;
  /** Of the first table that routes all of it as planned; Infinity while there is none. */
  readonly epoch: number;
  /** When it was published, ms since the Unix epoch: drops do not say under which plan they were made. */
  readonly atMs: number;
  readonly pipelineVersion: number;
}

/** Outcomes kept for each source: enough for a p99 that is not one task, small enough to sort at every round. */
const OUTCOME_WINDOW = 128;

/** What is kept of one. */
interface Kept extends Pick<TaskOutcome, "outcome" | "delivery" | "createdAtMs" | "scene"> {
  readonly latencyMs: number;
  readonly settledAfterMs: number;
}

type Summary = Omit<RecentOutcomes, "planAgeMs" | "ageMs">;

export class OutcomeWindow {
  readonly #capacity: number;
  readonly #outcomes: Kept[] = [];
  #credit: Credit | null = null;
  #inForceAtMs: number;
  /** When the last task was settled that was made under an earlier plan, ms since the Unix epoch. */
  #clearAtMs = Number.NEGATIVE_INFINITY;
  #summary: Summary | null = null;
  #settledAtMs = 0;
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
    this.#clearAtMs = Number.NEGATIVE_INFINITY;
    this.#outcomes.length = 0;
    this.#summary = null;
  }

  /**
   * @param nowMs by the monotonic clock
   * @returns whether it counts: an outcome of a task made under another plan does not, nor does one that was on its way together
   *   with such a task, as it may have waited behind it
   */
  add(settled: TaskOutcome, nowMs: number): boolean {
    if (this.#credit !== null && !isCredited(settled, this.#credit)) {
      // Of a drop, and of a later delivery, it is not known how long it was in anybody's way.
      if (settled.outcome.status === "stored" && settled.delivery === 1)
        this.#clear(settled.settledAtMs, nowMs);
      return false;
    }
    if (settled.sourceAtMs < this.#clearAtMs) return false;
    const { outcome, delivery, createdAtMs, scene, settledAtMs, sourceAtMs } = settled;
    const latencyMs = outcome.status === "stored" ? settledAtMs - sourceAtMs : Number.POSITIVE_INFINITY;
    const settledAfterMs = nowMs - this.#inForceAtMs;
    this.#outcomes.push({ outcome, delivery, createdAtMs, scene, latencyMs, settledAfterMs });
    this.#settledAtMs = nowMs;
    if (this.#outcomes.length > this.#capacity) this.#outcomes.shift();
    this.#summary = null;
    return true;
  }

  #clear(settledAtMs: number, nowMs: number): void {
    this.#clearAtMs = Math.max(this.#clearAtMs, settledAtMs);
    this.#inForceAtMs = nowMs;
    this.#outcomes.length = 0;
    this.#summary = null;
  }

  /** @param latencyMsMax what the source is to keep; null where it has no objective */
  report(nowMs: number, latencyMsMax: number | null): RecentOutcomes {
    if (latencyMsMax !== this.#latencyMsMax) this.#summary = null;
    this.#latencyMsMax = latencyMsMax;
    this.#summary ??= summarise(this.#outcomes, latencyMsMax);
    const isRouted = this.#credit?.epoch !== Infinity;
    const ageMs = this.#outcomes.length === 0 ? null : nowMs - this.#settledAtMs;
    return { ...this.#summary, ageMs, planAgeMs: isRouted ? nowMs - this.#inForceAtMs : 0 };
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

function summarise(outcomes: readonly Kept[], latencyMsMax: number | null): Summary {
  const stored = outcomes.filter(({ outcome }) => outcome.status === "stored");
  const drops: Partial<Record<DropReason, number>> = {};
  for (const { outcome } of outcomes) {
    if (outcome.status === "dropped") drops[outcome.reason] = (drops[outcome.reason] ?? 0) + 1;
  }
  const isLate = ({ latencyMs }: Kept): boolean => latencyMsMax !== null && latencyMs > latencyMsMax;
  return {
    latenciesMs: Float64Array.from(outcomes, ({ latencyMs }) => latencyMs),
    settledAfterMs: Float64Array.from(outcomes, ({ settledAfterMs }) => settledAfterMs),
    stored: stored.length,
    dropped: outcomes.length - stored.length,
    drops,
    late: stored.filter(isLate).length,
    redelivered: stored.filter(({ delivery }) => delivery !== null && delivery > 1).length,
    tasksPerS: rateOf(outcomes),
    scene: meanScene(stored.flatMap(({ scene }) => scene ?? [])),
    latencyMs: stored.length === 0 ? null : percentiles(stored.map(({ latencyMs }) => latencyMs)),
  };
}

/** Of tasks that may have been settled in another order than they were made in. */
function rateOf(outcomes: readonly Kept[]): number | null {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { createdAtMs } of outcomes) {
    first = Math.min(first, createdAtMs);
    last = Math.max(last, createdAtMs);
  }
  return last > first ? ((outcomes.length - 1) * 1_000) / (last - first) : null;
}

function meanScene(scenes: readonly Scene[]): Scene | null {
  if (scenes.length === 0) return null;
  return {
    objects: meanOf(scenes.map(({ objects }) => objects)) ?? 0,
    size: meanOf(scenes.flatMap(({ size }) => size ?? [])),
    speed: meanOf(scenes.flatMap(({ speed }) => speed ?? [])),
  };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Nearest-rank percentiles of at least one value. */
export function percentiles(values: Iterable<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
