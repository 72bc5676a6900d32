/**
 * Whether the other side of a link is alive, the round trip to it, and what its clock says: pure, as times are passed in.
 *
 * All is measured by this side's monotonic clock, so that a clock that is set on this side, or corrected because of what is
 * measured here, changes no measurement.
 *
 * Silence counts only while this side was awake. A node that stood still (a long garbage collection, a stopped process) has
 * received nothing meanwhile, which says nothing about the others; the idea is Lifeguard's (arXiv:1707.00788).
 */

import type { Heartbeat } from "./link-receiver.js";

export interface LivenessLimits {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/** Round trips that are kept; the fastest says most about the clocks. */
const SAMPLES = 8;
/** Heartbeats from here whose echo may still come. */
const SENT_MAX = 64;
/** Of two good clocks in the time of some heartbeats, ms: 500 ppm of 10 s (RFC 5905 section 11.3). */
const DRIFT_MS = 5;

interface Sample {
  readonly rttMs: number;
  /** The other side's clock less this side's monotonic one. */
  readonly aheadMs: number;
}

export class Liveness {
  readonly #limits: LivenessLimits;
  #tickedAtMs: number;
  #silentMs = 0;
  #heard = false;
  #newest: { readonly sentAtMs: number; readonly heardAtMs: number } | null = null;
  /** When heartbeats were sent, by what they named as their time; the oldest first. */
  readonly #sent = new Map<number, number>();
  #samples: Sample[] = [];

  /** @param monotonicMs the time now, as in all methods */
  constructor(limits: LivenessLimits, monotonicMs: number) {
    this.#limits = limits;
    this.#tickedAtMs = monotonicMs;
  }

  /** Smallest of the last round trips; null before the first. */
  get rttMs(): number | null {
    return this.#best()?.rttMs ?? null;
  }

  /** What the other side's clock says at `monotonicMs`, from the fastest of the last round trips; null before the first. */
  peerClockMs(monotonicMs: number): number | null {
    const best = this.#best();
    return best === undefined ? null : monotonicMs + best.aheadMs;
  }

  /** A frame arrived. */
  heard(): void {
    this.#heard = true;
  }

  /** The four times of an exchange give round trip and offset (RFC 5905 section 8); the echo names what was sent from here. */
  heartbeat({ sentAtMs, echoedMs, heldMs }: Heartbeat, monotonicMs: number): void {
    this.#newest = { sentAtMs, heardAtMs: monotonicMs };
    const askedAtMs = this.#sent.get(echoedMs);
    if (askedAtMs === undefined) return;
    const rttMs = monotonicMs - askedAtMs - heldMs;
    // The peer makes up times.
    if (!(rttMs >= 0 && rttMs < 60_000 && Number.isFinite(sentAtMs))) return;
    const sample = { rttMs, aheadMs: sentAtMs - (monotonicMs - rttMs / 2) };
    // Each is right within half its round trip: where two contradict each other, the other clock was set in between.
    this.#samples = this.#samples.filter((earlier) => agree(earlier, sample)).slice(1 - SAMPLES);
    this.#samples.push(sample);
  }

  /** The heartbeat to send now. @param clockMs what this side's clock says, for the other side to follow */
  next(monotonicMs: number, clockMs: number): Heartbeat {
    const newest = this.#newest;
    this.#sent.set(clockMs, monotonicMs);
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= SENT_MAX) break;
      this.#sent.delete(oldest);
    }
    return {
      sentAtMs: clockMs,
      echoedMs: newest?.sentAtMs ?? 0,
      heldMs: newest === null ? 0 : monotonicMs - newest.heardAtMs,
    };
  }

  /** To be called every `heartbeatMs`. @returns whether the other side is down */
  tick(monotonicMs: number): boolean {
    const elapsedMs = monotonicMs - this.#tickedAtMs;
    this.#tickedAtMs = monotonicMs;
    if (this.#heard) {
      this.#heard = false;
      this.#silentMs = 0;
      return false;
    }
    // Two periods late: this side stood still, and what arrived meanwhile is still to be read.
    if (elapsedMs > 2 * this.#limits.heartbeatMs) return false;
    this.#silentMs += elapsedMs;
    return this.#silentMs >= this.#limits.silenceMs;
  }

  #best(): Sample | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) if (best === undefined || sample.rttMs < best.rttMs) best = sample;
    return best;
  }
}

/** Whether one clock may have given both; it may drift by some ms meanwhile. */
function agree(earlier: Sample, later: Sample): boolean {
  return Math.abs(later.aheadMs - earlier.aheadMs) <= (earlier.rttMs + later.rttMs) / 2 + DRIFT_MS;
}
