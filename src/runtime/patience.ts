/**
 * How long somebody else may keep this process waiting. What holds this process up itself does not count: a machine that is short
 * of breath, or a loop that is busy, would else take for silent whoever has answered and was not read yet.
 */

import type { Clock, TimerHandle } from "./clock.js";

/** A piece of waiting counts as this much at most, in ms, however late this process learns that it is over. */
const PIECE_MS = 50;

export class Patience {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #pieceMs: number;
  readonly #onOver: () => void;
  #leftMs = 0;
  #timer: TimerHandle | null = null;

  /**
   * Begins to wait.
   *
   * @param limitMs of waiting
   * @param onOver called once, unless it rests or ends before
   * @param pieceMs in which it waits; default 50
   */
  constructor(clock: Clock, limitMs: number, onOver: () => void, pieceMs = PIECE_MS) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#pieceMs = pieceMs;
    this.#onOver = onOver;
    this.renew();
  }

  /** The other one got on: it has all of the time again. */
  renew(): void {
    this.rest();
    this.#leftMs = this.#limitMs;
    this.#wait();
  }

  /** It is this process's turn, or nobody's any more: nothing counts until it is renewed. */
  rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(): void {
    const pieceMs = Math.min(this.#pieceMs, this.#leftMs);
    this.#timer = this.#clock.after(pieceMs, () => {
      this.#timer = null;
      // What came while this process was held up is read between the last piece and the end.
      if (pieceMs === 0) this.#onOver();
      else {
        this.#leftMs -= pieceMs;
        this.#wait();
      }
    });
  }
}
