/**
 * Gives the actors of a node their turns, in the order in which they got work.
 *
 * DP1 One budget bounds all actors together: after so many messages or so much time the event loop turns, so that two
 *     actors that keep each other busy starve no socket. Microtasks spend it, and only a turn refills it.
 * DP2 An actor handles at most a stride of messages before the next actor has its turn.
 */

import type { Clock } from "../clock.js";
import type { Executor } from "../executor.js";
import { NONE, Ring } from "./ring.js";

/** Messages per turn of the event loop. A turn costs 1 to 2 us, which is 4 ns a message. `npm run bench -- micro/tell` */
const BUDGET_MESSAGES = 512;
/** Time per turn of the event loop. */
const BUDGET_MS = 8;
const MESSAGES_PER_MS = BUDGET_MESSAGES / BUDGET_MS;
/** Messages between two readings of the clock, which cost 40 ns each. One after a slow stride. */
const STRIDE_MAX = 64;
const SLOW_MS = 0.5;

/** An actor as the dispatcher sees it. */
export interface Runnable {
  /** Handles at most `limit` messages, and enqueues itself again if more wait. @returns how many it handled. */
  takeTurn(limit: number): number;
}

/** The turns of all actors of one node. */
export class Dispatcher {
  /** Whose turn it is; null between turns. */
  current: Runnable | null = null;
  readonly #clock: Clock;
  readonly #executor: Executor;
  readonly #ready = new Ring<Runnable>();
  #scheduled = false;
  #budget = BUDGET_MESSAGES;
  #stride = STRIDE_MAX;

  constructor(clock: Clock, executor: Executor) {
    this.#clock = clock;
    this.#executor = executor;
  }

  /** Puts `actor` at the end of the queue. The caller sees to it that it is there at most once. */
  enqueue(actor: Runnable): void {
    this.#ready.push(actor);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#budget > 0) this.#executor.soon(this.#run);
    else this.#executor.later(this.#refill);
  }

  readonly #refill = (): void => {
    this.#budget = BUDGET_MESSAGES;
    this.#run();
  };

  readonly #run = (): void => {
    try {
      this.#giveTurns();
    } finally {
      this.#scheduled = this.#ready.size > 0;
      if (this.#scheduled) this.#executor.later(this.#refill);
    }
  };

  #giveTurns(): void {
    let atMs = this.#clock.monotonic();
    let handled = 0;
    for (let actor = this.#ready.shift(); actor !== NONE; actor = this.#ready.shift()) {
      handled += actor.takeTurn(this.#stride);
      if (handled < this.#stride && this.#ready.size > 0) continue;
      const nowMs = this.#clock.monotonic();
      this.#charge(handled, nowMs - atMs);
      if (this.#budget <= 0) return;
      atMs = nowMs;
      handled = 0;
    }
  }

  #charge(handled: number, tookMs: number): void {
    this.#budget -= Math.max(handled, tookMs * MESSAGES_PER_MS);
    this.#stride = tookMs > SLOW_MS ? 1 : Math.min(STRIDE_MAX, this.#stride * 2);
  }
}
