/**
 * A node's clock, kept in step with the hub's: latencies across nodes then add up, as all times are of one clock.
 *
 * It never goes backwards and never stops: a correction is spread over time, half of the time that passes where it is
 * large, and 500 parts in a million (as NTP does, RFC 5905 section 11.3) where it is small.
 */

import type { Clock, TimerHandle } from "../runtime/clock.js";

const LARGE_MS = 50;
const RATE_LARGE = 0.5;
const RATE_SMALL = 500e-6;

export class ClusterClock implements Clock {
  readonly #base: Clock;
  #offsetMs = 0;
  #aimMs = 0;
  #readAtMs: number;

  constructor(base: Clock) {
    this.#base = base;
    this.#readAtMs = base.now();
  }

  /** What is added to the clock of the machine now. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  now(): number {
    const baseMs = this.#base.now();
    const leftMs = this.#aimMs - this.#offsetMs;
    if (leftMs !== 0) {
      const rate = Math.abs(leftMs) > LARGE_MS ? RATE_LARGE : RATE_SMALL;
      const mostMs = (baseMs - this.#readAtMs) * rate;
      this.#offsetMs += Math.abs(leftMs) <= mostMs ? leftMs : Math.sign(leftMs) * mostMs;
    }
    this.#readAtMs = baseMs;
    return baseMs + this.#offsetMs;
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    return this.#base.after(delayMs, callback);
  }

  /** The right time is `differenceMs` later than what this clock says; half the round trip of the measurement is its error. */
  correct(differenceMs: number, errorMs: number): void {
    const nowOffsetMs = this.now() - this.#readAtMs;
    if (Math.abs(differenceMs) > errorMs) this.#aimMs = nowOffsetMs + differenceMs;
  }
}
