/**
 * A node's clock, kept in step with the hub's: latencies across nodes then add up, as all times are of one clock.
 *
 * CC1 It is set at once where it is far off: when a node joins, whose machine may have no battery for its clock, and after a
 *     jump, as of a machine that slept. It then may go backwards, so that no duration is measured by it.
 * CC2 What is less is spread over time, so that times stay in order: half of the time that passes at most, and 500 parts per
 *     million (as in NTP, RFC 5905 section 11.3) where there is little left.
 * CC3 A correction is relative to what the clock says now: the same one twice changes nothing more.
 * CC4 A measurement that may err by much moves it only as far as is certain: on a machine so busy that an answer is held up on
 *     one way, two clocks that agree within a millisecond are measured to differ by half of what the answer took.
 */

import type { Clock, TimerHandle } from "../runtime/clock.js";

/** A difference above it is stepped over, in ms: the step threshold of NTP, RFC 5905 section 11.3. */
const STEP_MS = 128;
const LARGE_MS = 50;
/** A measurement that errs by more is not taken for the difference; an audit takes that much for a difference of clocks. */
const ERROR_MS_MAX = 50;
const RATE_LARGE = 0.5;
const RATE_SMALL = 500e-6;

export class ClusterClock implements Clock {
  readonly #base: Clock;
  /** Of the machine, when the node started. */
  readonly #epochMs: number;
  #offsetMs = 0;
  #aimMs = 0;
  #readAtMs: number;

  constructor(base: Clock) {
    this.#base = base;
    this.#readAtMs = base.monotonic();
    this.#epochMs = base.epochMs();
  }

  /** What is added to the clock of the machine now, in ms. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  now(): number {
    const epochMs = this.epochMs();
    return epochMs + this.#readAtMs;
  }

  epochMs(): number {
    const monotonicMs = this.#base.monotonic();
    const leftMs = this.#aimMs - this.#offsetMs;
    if (leftMs !== 0) {
      const rate = Math.abs(leftMs) > LARGE_MS ? RATE_LARGE : RATE_SMALL;
      const mostMs = (monotonicMs - this.#readAtMs) * rate;
      this.#offsetMs += Math.abs(leftMs) <= mostMs ? leftMs : Math.sign(leftMs) * mostMs;
    }
    this.#readAtMs = monotonicMs;
    return this.#epochMs + this.#offsetMs;
  }

  monotonic(): number {
    return this.#base.monotonic();
  }

  after(delayMs: number, callback: () => void): TimerHandle {
    return this.#base.after(delayMs, callback);
  }

  /**
   * The hub's clock is `differenceMs` ahead of this one.
   *
   * @param errorMs of the measurement, half its round trip; a smaller difference is ignored
   * @returns by how many ms the clock was stepped, 0 where it was not
   */
  correct(differenceMs: number, errorMs: number): number {
    this.now();
    const moveMs = moveOf(differenceMs, errorMs);
    if (moveMs === 0) return 0;
    if (Math.abs(differenceMs) - errorMs > STEP_MS) {
      this.step(differenceMs, errorMs);
      return moveMs;
    }
    this.#aimMs = this.#offsetMs + moveMs;
    return 0;
  }

  /**
   * Sets the clock at once: for a node whose actors have not read it yet.
   *
   * @param errorMs of the measurement, half its round trip: a smaller difference says nothing, and changes nothing. Two nodes
   *   of one machine so stay on its clock.
   */
  step(differenceMs: number, errorMs: number): void {
    const moveMs = moveOf(differenceMs, errorMs);
    if (moveMs === 0) return;
    this.now();
    this.#offsetMs += moveMs;
    this.#aimMs = this.#offsetMs;
  }
}

/** By how many ms a measurement moves the clock, ahead or back. */
function moveOf(differenceMs: number, errorMs: number): number {
  const certainMs = Math.abs(differenceMs) - errorMs;
  if (!(certainMs > 0)) return 0;
  return errorMs > ERROR_MS_MAX ? Math.sign(differenceMs) * certainMs : differenceMs;
}
