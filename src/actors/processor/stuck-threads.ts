/**
 * Threads that were told to end and have not: they are in a call that cannot be interrupted, and may never return from it. Nothing
 * ends them but the end of their process.
 *
 * SH1 Of one module there are few at a time: another thread for it is refused while there are as many as that. So a service that hangs
 *     takes no more threads of its node than these, whatever tasks come.
 * SH2 One that ends after all counts no more.
 */

import type { Clock } from "../../runtime/clock.js";

/** Of one module, at a time. */
const STUCK_MAX = 4;

/** How long a thread that is told to end has until it counts, in ms. */
const END_GRACE_MS = 5_000;

export class StuckThreads {
  readonly #clock: Pick<Clock, "after">;
  /** By module. */
  readonly #counts = new Map<string, number>();

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Why no other thread of a module is to be started; null where one may be. */
  refusal(module: string): string | null {
    const count = this.#counts.get(module) ?? 0;
    if (count < STUCK_MAX) return null;
    return `${count} of its threads are in calls that never return: mend the service, and start this node again`;
  }

  /**
   * A thread was told to end.
   *
   * @param onStuck it has not, in time
   * @returns to be called once it has
   */
  ending(module: string, onStuck: () => void): () => void {
    let counted = false;
    const timer = this.#clock.after(END_GRACE_MS, () => {
      counted = true;
      this.#counts.set(module, (this.#counts.get(module) ?? 0) + 1);
      onStuck();
    });
    return () => {
      timer.cancel();
      if (!counted) return;
      counted = false;
      const left = (this.#counts.get(module) ?? 1) - 1;
      if (left === 0) this.#counts.delete(module);
      else this.#counts.set(module, left);
    };
  }
}
