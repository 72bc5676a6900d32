/**
 * Whether the other side of a link is alive, the round trip to it, and the offset of its clock: pure, as times are passed in.
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

export class Liveness {
  readonly #limits: LivenessLimits;
  #tickedAtMs: number;
  #silentMs = 0;
  #heard = false;
  #newest: { readonly sentAtMs: number; readonly heardAtMs: number } | null = null;
  readonly #samples: { readonly rttMs: number; readonly offsetMs: number }[] = [];

  constructor(limits: LivenessLimits, nowMs: number) {
    this.#limits = limits;
    this.#tickedAtMs = nowMs;
  }

  /** Smallest of the last round trips; null before the first. */
  get rttMs(): number | null {
    return this.#best()?.rttMs ?? null;
  }

  /** The other side's clock less this one's, from the fastest of the last round trips. */
  get clockOffsetMs(): number | null {
    return this.#best()?.offsetMs ?? null;
  }

  /** A frame arrived. */
  heard(): void {
    this.#heard = true;
  }

  /** The four times of an exchange give round trip and offset (RFC 5905 section 8); the echo names what was sent from here. */
  heartbeat({ sentAtMs, echoedMs, heldMs }: Heartbeat, nowMs: number): void {
    this.#newest = { sentAtMs, heardAtMs: nowMs };
    if (echoedMs === 0) return;
    const rttMs = nowMs - echoedMs - heldMs;
    // A clock was set in between, or the peer makes up times.
    if (!(rttMs >= 0 && rttMs < 60_000)) return;
    this.#samples.push({ rttMs, offsetMs: sentAtMs - (nowMs - rttMs / 2) });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** The heartbeat to send now. */
  next(nowMs: number): Heartbeat {
    const newest = this.#newest;
    return {
      sentAtMs: nowMs,
      echoedMs: newest?.sentAtMs ?? 0,
      heldMs: newest === null ? 0 : nowMs - newest.heardAtMs,
    };
  }

  /** To be called every `heartbeatMs`. @returns whether the other side is down */
  tick(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
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

  #best(): { readonly rttMs: number; readonly offsetMs: number } | undefined {
    let best = this.#samples[0];
    for (const sample of this.#samples) if (best === undefined || sample.rttMs < best.rttMs) best = sample;
    return best;
  }
}
