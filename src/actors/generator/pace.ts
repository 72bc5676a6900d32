/** Lets the frames of a file go at the speed of their presentation times. */

import type { TimedFrame } from "./timeline.js";

export class Pace {
  #from: { readonly ptsUs: number; readonly atMs: number } | null = null;
  #heldBack = false;

  /** Frames had to wait for room: the time lost then does not make the later ones late. */
  holdBack(): void {
    this.#heldBack = true;
  }

  /** When `frame` is due, by the monotonic clock; the first one is due now. */
  dueAtMs({ ptsUs }: TimedFrame, nowMs: number): number {
    this.#from ??= { ptsUs, atMs: nowMs };
    const atMs = this.#from.atMs + (ptsUs - this.#from.ptsUs) / 1_000;
    const late = this.#heldBack && atMs < nowMs;
    this.#heldBack = false;
    if (!late) return atMs;
    this.#from = { ptsUs, atMs: nowMs };
    return nowMs;
  }
}
