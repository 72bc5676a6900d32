/**
 * A node's clock, kept in step with the hub's: latencies across nodes then add up, as all times are of one clock.
 *
 * It never goes backwards and never stops: a correction is spread over time, up to half of the time that passes if it is
 * large, and 500 parts per million (as in NTP, RFC 5905 section 11.3) if it is small.
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

  /** What is added to the clock of the machine now, in ms. */
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

  /**
   * The hub's clock is `differenceMs` ahead of this one.
   *
   * @param errorMs of the measurement, half its round trip; a smaller difference is ignored
   */
  correct(differenceMs: number, errorMs: number): void {
    const nowOffsetMs = this.now() - this.#readAtMs;
    if (Math.abs(differenceMs) > errorMs) this.#aimMs = nowOffsetMs + differenceMs;
  }
}
