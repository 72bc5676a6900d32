/** Wakes whoever waits for something new. */

import type { Clock } from "../runtime/clock.js";

/** Ends of incarnations are stored without a word: those who wait look again after a while. */
const WAIT_MS_MAX = 5_000;

export class News {
  #waiting = new Set<() => void>();

  tell(): void {
    const waiting = this.#waiting;
    if (waiting.size === 0) return;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  next(clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = clock.after(WAIT_MS_MAX, wake);
      this.#waiting.add(wake);
    });
  }
}
