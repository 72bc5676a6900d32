/** Keeps the presentation times of a live source growing: each connection to it counts from a start of its own. */

import type { CapturedFrame } from "./capture.js";

export class PtsContinuity {
  #last: { readonly ptsUs: number; readonly atMs: number } | null = null;
  /** Null until the first frame of a new connection. */
  #shiftUs: number | null = 0;

  /** The next frame is of another connection. */
  reconnect(): void {
    this.#shiftUs = null;
  }

  /** The frame with its time moved behind those of the connections before, as far as it came after them. */
  shift(frame: CapturedFrame): CapturedFrame {
    const atMs = frame.capturedAtMs;
    this.#shiftUs ??=
      this.#last === null
        ? 0
        : this.#last.ptsUs + Math.max(1, Math.round((atMs - this.#last.atMs) * 1_000)) - frame.ptsUs;
    const shifted = this.#shiftUs === 0 ? frame : { ...frame, ptsUs: frame.ptsUs + this.#shiftUs };
    this.#last = { ptsUs: shifted.ptsUs, atMs };
    return shifted;
  }
}
