/** The timers of one state of an actor, by key. They end with the state. */

import type { Clock, TimerHandle } from "../clock.js";
import { Entry } from "./entry.js";
import { NONE } from "./ring.js";

/** Is in the mailbox at most once, however far behind the actor is. */
class Timer extends Entry {
  readonly letter = NONE;
  readonly #message: unknown;
  readonly #onOpen: () => void;
  handle: TimerHandle | null = null;
  waiting = false;
  cancelled = false;

  constructor(message: unknown, onOpen: () => void) {
    super();
    this.#message = message;
    this.#onOpen = onOpen;
  }

  /** A timer that was cancelled or replaced after it fell due delivers nothing. */
  open(): unknown {
    this.waiting = false;
    if (this.cancelled) return NONE;
    this.#onOpen();
    return this.#message;
  }
}

/** Sets timers, whose messages it hands to `signal` when they fall due. */
export class Timers {
  readonly #clock: Clock;
  readonly #signal: (entry: Entry) => void;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock, signal: (entry: Entry) => void) {
    this.#clock = clock;
    this.#signal = signal;
  }

  after(key: string, delayMs: number, message: unknown): void {
    this.cancel(key);
    const timer = new Timer(message, () => void this.#timers.delete(key));
    this.#timers.set(key, timer);
    timer.handle = this.#clock.after(delayMs, () => this.#fire(timer));
  }

  /** Ticks fall due at multiples of `periodMs` from now; those that the actor misses while busy are merged into one. */
  every(key: string, periodMs: number, message: unknown): void {
    if (!(periodMs > 0))
      throw new RangeError(`Cannot tick "${key}" every ${periodMs} ms: it must be above 0`);
    this.cancel(key);
    const timer = new Timer(message, () => {});
    this.#timers.set(key, timer);
    let dueMs = this.#clock.monotonic();
    const arm = (): void => {
      const nowMs = this.#clock.monotonic();
      dueMs += periodMs * Math.max(1, Math.ceil((nowMs - dueMs) / periodMs));
      timer.handle = this.#clock.after(dueMs - nowMs, () => {
        arm();
        this.#fire(timer);
      });
    };
    arm();
  }

  cancel(key: string): void {
    const timer = this.#timers.get(key);
    if (timer === undefined) return;
    this.#timers.delete(key);
    timer.cancelled = true;
    timer.handle?.cancel();
  }

  cancelAll(): void {
    for (const key of this.#timers.keys()) this.cancel(key);
  }

  #fire(timer: Timer): void {
    if (timer.waiting) return;
    timer.waiting = true;
    this.#signal(timer);
  }
}
