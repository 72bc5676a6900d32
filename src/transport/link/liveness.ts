/**
 * Whether the other side of a link is alive, the round trip to it, and what its clock says: pure, as times are passed in.
 *
 * All is measured by this side's monotonic clock, so that a clock that is set on this side, or corrected because of what is
 * measured here, changes no measurement.
 *
 * LV1 Silence counts only while this side was awake: what its own timer is late by is its own. A node that stood still (a long
 *     garbage collection, a stopped process, a machine with too much to do) has read nothing meanwhile, which says nothing about
 *     the others.
 * LV2 A late tick judges nobody: what has arrived is read after it.
 * LV3 Who was held up lately is given longer, and so is everybody by a node that was held up itself, since its machine may be
 *     theirs. The ideas are those of the phi accrual detector (Hayashibara 2004) and of Lifeguard (arXiv:1707.00788).
 */

import type { Heartbeat } from "./link-receiver.js";

export interface LivenessLimits {
  readonly heartbeatMs: number;
  /** Silence of a node that is down, where neither it nor this one was held up of late. */
  readonly silenceMs: number;
}

/** Silence is a pause as long as it is no longer than so many of the longest of late. */
const PAUSES = 3;
/** What is given in this way beyond `silenceMs` at most, in ms. */
const SLACK_MS_MAX = 4_000;
/** Of the longest pause, what counts after a heartbeat's time with something heard: half of it after 35, some 9 s. */
const FADING = 0.98;

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
  /** The longest that the other side or this one was held up for, fading. */
  #pauseMs = 0;
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

  /** For how long nothing has come, in ms, as far as this side can tell. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Something arrived. */
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
    const { heartbeatMs, silenceMs } = this.#limits;
    const elapsedMs = monotonicMs - this.#tickedAtMs;
    const lateMs = Math.max(0, elapsedMs - heartbeatMs);
    this.#tickedAtMs = monotonicMs;
    const limitMs = silenceMs + SLACK_MS_MAX;
    this.#pauseMs = Math.min(Math.max(lateMs, this.#pauseMs), limitMs / PAUSES);
    if (this.#heard) {
      this.#heard = false;
      this.#pauseMs = Math.max(this.#silentMs, this.#pauseMs * FADING);
      this.#silentMs = 0;
      return false;
    }
    this.#silentMs += elapsedMs - lateMs;
    if (lateMs > heartbeatMs / 2) return false;
    return this.#silentMs >= Math.max(silenceMs, PAUSES * this.#pauseMs);
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
