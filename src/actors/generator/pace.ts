/** When frames leave their source: the clock of a paced file, and the presentation times of a source connected anew. */

import type { CapturedFrame } from "./capture.js";

/** Lets frames go at the speed of their presentation times. */
export class Pace {
  #from: { readonly ptsUs: number; readonly atMs: number } | null = null;
  #heldBack = false;

  /** Frames had to wait for room: the time lost then does not make the later ones late. */
  holdBack(): void {
    this.#heldBack = true;
  }

  /** When `frame` is due, ms since the Unix epoch; the first one is due now. */
  dueAtMs({ ptsUs }: CapturedFrame, nowMs: number): number {
    this.#from ??= { ptsUs, atMs: nowMs };
    const atMs = this.#from.atMs + (ptsUs - this.#from.ptsUs) / 1_000;
    const late = this.#heldBack && atMs < nowMs;
    this.#heldBack = false;
    if (!late) return atMs;
    this.#from = { ptsUs, atMs: nowMs };
    return nowMs;
  }
}

/** Each connection to a live source counts from a beginning of its own: shifts its times to go on where they were. */
export class Timeline {
  #last: { readonly ptsUs: number; readonly atMs: number } | null = null;
  #shiftUs: number | null = 0;

  /** The next frame is of another connection. */
  reconnect(): void {
    this.#shiftUs = null;
  }

  place(frame: CapturedFrame): CapturedFrame {
    const atMs = frame.capturedAtMs;
    this.#shiftUs ??=
      this.#last === null
        ? 0
        : this.#last.ptsUs + Math.max(1, Math.round((atMs - this.#last.atMs) * 1_000)) - frame.ptsUs;
    const placed = this.#shiftUs === 0 ? frame : { ...frame, ptsUs: frame.ptsUs + this.#shiftUs };
    this.#last = { ptsUs: placed.ptsUs, atMs };
    return placed;
  }
}
