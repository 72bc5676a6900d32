/** What deciding costs: the last durations of rounds and of single decisions, bounded. */

import type { DecisionOverhead } from "../protocol/scheduler.js";
import { percentiles } from "../../scheduling/outcome-window.js";

const ROUNDS_KEPT = 256;
const DECISIONS_KEPT = 1_024;

export class Overhead {
  /** Decisions that were of no use any more when they came. */
  stale = 0;
  /** Rounds that had to be ended. */
  lost = 0;
  /** Decisions that a policy had no time for in their round. */
  postponed = 0;
  readonly #roundMs = new Float64Array(ROUNDS_KEPT);
  readonly #decisionMs = new Float64Array(DECISIONS_KEPT);
  #rounds = 0;
  #decisions = 0;
  #failures = 0;

  addRound(durationMs: number): void {
    this.#roundMs[this.#rounds++ % ROUNDS_KEPT] = durationMs;
  }

  addDecision(durationMs: number, failed: boolean): void {
    this.#decisionMs[this.#decisions++ % DECISIONS_KEPT] = durationMs;
    if (failed) this.#failures++;
  }

  get failures(): number {
    return this.#failures;
  }

  report(): DecisionOverhead {
    return {
      rounds: this.#rounds,
      decisions: this.#decisions,
      failures: this.#failures,
      stale: this.stale,
      lost: this.lost,
      postponed: this.postponed,
      roundMs: summary(this.#roundMs.subarray(0, this.#rounds)),
      decisionMs: summary(this.#decisionMs.subarray(0, this.#decisions)),
    };
  }
}

function summary(durationsMs: Float64Array): { readonly p50: number; readonly p99: number } {
  if (durationsMs.length === 0) return { p50: 0, p99: 0 };
  const { p50, p99 } = percentiles(durationsMs);
  return { p50, p99 };
}
