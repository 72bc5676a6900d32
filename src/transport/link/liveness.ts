/**
 * Whether the other side of a link is alive, how far away it is, and how its clock stands to this one's: pure, fed with times.
 *
 * Silence is counted in the time that this side was awake. A node that stood still itself (a long collection, a stopped
 * process) has heard nobody meanwhile, and that says nothing about them; the idea is Lifeguard's (arXiv:1707.00788).
 */

import type { Heartbeat } from "./link-receiver.js";

export interface LivenessLimits {
  readonly heartbeatMs: number;
  readonly silenceMs: number;
}

/** Round trips of which the fastest says most about the clocks. */
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

  /** Any frame came. */
  heard(): void {
    this.#heard = true;
  }

  /** Four times of one exchange give distance and clocks (RFC 5905 section 8), the echo what was sent from here. */
  heartbeat({ sentAtMs, echoedMs, heldMs }: Heartbeat, nowMs: number): void {
    this.#newest = { sentAtMs, heardAtMs: nowMs };
    if (echoedMs === 0) return;
    const rttMs = nowMs - echoedMs - heldMs;
    // Clocks that were set in between, or a peer that invents times.
    if (!(rttMs >= 0 && rttMs < 60_000)) return;
    this.#samples.push({ rttMs, offsetMs: sentAtMs - (nowMs - rttMs / 2) });
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** What to send now. */
  next(nowMs: number): Heartbeat {
    const newest = this.#newest;
    return {
      sentAtMs: nowMs,
      echoedMs: newest?.sentAtMs ?? 0,
      heldMs: newest === null ? 0 : nowMs - newest.heardAtMs,
    };
  }

  /** To be called every `heartbeatMs`. @returns whether the other side is to be taken for dead */
  tick(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (this.#heard) {
      this.#heard = false;
      this.#silentMs = 0;
      return false;
    }
    // Two periods late: this side slept, and what came meanwhile is still to be read.
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
