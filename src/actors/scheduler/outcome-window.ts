/** The last outcomes of one source, bounded, with what a policy asks of them. */

import type { TaskOutcome } from "../../task/reports.js";

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface RecentOutcomes {
  /** Oldest first, at most the window's capacity. */
  readonly outcomes: readonly TaskOutcome[];
  readonly stored: number;
  readonly dropped: number;
  /** Source timestamp to stored, in ms, over the stored ones; null where there is none. Sorted on demand, then kept. */
  latencyMs(): Percentiles | null;
}

/** Outcomes kept for each source: enough for a p99 that is not one task, small enough to sort at every round. */
const OUTCOME_WINDOW = 128;

export class OutcomeWindow implements RecentOutcomes {
  readonly #capacity: number;
  readonly #outcomes: TaskOutcome[] = [];
  #stored = 0;
  #latency: Percentiles | null | undefined = undefined;

  constructor(capacity = OUTCOME_WINDOW) {
    this.#capacity = capacity;
  }

  get outcomes(): readonly TaskOutcome[] {
    return this.#outcomes;
  }

  get stored(): number {
    return this.#stored;
  }

  get dropped(): number {
    return this.#outcomes.length - this.#stored;
  }

  add(outcome: TaskOutcome): void {
    this.#outcomes.push(outcome);
    if (outcome.outcome.status === "stored") this.#stored++;
    if (this.#outcomes.length > this.#capacity) {
      const oldest = this.#outcomes.shift();
      if (oldest?.outcome.status === "stored") this.#stored--;
    }
    this.#latency = undefined;
  }

  latencyMs(): Percentiles | null {
    if (this.#latency === undefined) {
      const values = this.#outcomes
        .filter(({ outcome }) => outcome.status === "stored")
        .map((outcome) => outcome.settledAtMs - outcome.sourceAtMs);
      this.#latency = values.length === 0 ? null : percentiles(values);
    }
    return this.#latency;
  }
}

/** Nearest-rank percentiles of at least one value. */
export function percentiles(values: Iterable<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
