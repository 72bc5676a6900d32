/**
 * A simulated process, one incarnation of a node: its turns on the processor, its timers and its clock. It may be paused, and
 * it is killed at once: nothing of it runs afterwards.
 */

import type { Clock } from "../runtime/clock.js";
import type { Executor } from "../runtime/executor.js";
import type { VirtualTime } from "./virtual-time.js";

export class SimulatedProcess {
  readonly #time: VirtualTime;
  readonly #onKilled: (() => void)[] = [];
  #killed = false;
  /** Work held until it is resumed; null while it runs. */
  #held: (() => void)[] | null = null;
  /** Of its clock against simulated time, in ms. */
  #skewMs: number;
  #awakeSinceMs: number;
  /** By how much its clock was set wrong from the start, in ms. */
  readonly #setMs: number;
  #driftRate = 0;
  #driftsSinceMs = 0;
  /** When its machine went to sleep; null while it is awake. */
  #suspendedAtMs: number | null = null;

  constructor(time: VirtualTime, skewMs: number) {
    this.#time = time;
    this.#skewMs = skewMs;
    this.#setMs = skewMs;
    this.#awakeSinceMs = time.nowMs;
  }

  get killed(): boolean {
    return this.#killed;
  }

  /** Since when it has run without a pause, in simulated time; never, while it is paused or dead. */
  get awakeSinceMs(): number {
    return this.#killed || this.#held !== null ? Infinity : this.#awakeSinceMs;
  }

  readonly executor: Executor = {
    soon: (task) => this.#time.soon(() => this.run(task)),
    later: (task) => this.#time.later(() => this.run(task)),
  };

  readonly clock: Clock = {
    now: () => this.#time.nowMs + this.#skew(),
    // It drifts and sleeps along, and was never set.
    monotonic: () => this.#time.nowMs + this.#skew() - this.#setMs,
    epochMs: () => this.#setMs,
    after: (delayMs, callback) => {
      let cancelled = false;
      const timer = this.#time.after(delayMs, () =>
        this.run(() => {
          if (!cancelled) callback();
        }),
      );
      return {
        cancel: () => {
          cancelled = true;
          timer.cancel();
        },
      };
    },
  };

  /** As `pause`, with its clock standing still: the machine sleeps. */
  suspend(): void {
    if (this.#killed || this.#held !== null) return;
    this.pause();
    this.#suspendedAtMs = this.#time.nowMs;
  }

  /** Its clock gains this share of the time that passes from now on; negative where it loses. */
  drift(rate: number): void {
    this.#skewMs = this.#skew();
    this.#driftsSinceMs = this.#time.nowMs;
    this.#driftRate = rate;
  }

  #skew(): number {
    return this.#skewMs + (this.#time.nowMs - this.#driftsSinceMs) * this.#driftRate;
  }

  /** Runs a piece of its work: now, once it is resumed, or never. */
  run(task: () => void): void {
    if (this.#killed) return;
    if (this.#held === null) task();
    else this.#held.push(task);
  }

  pause(): void {
    if (!this.#killed) this.#held ??= [];
  }

  resume(): void {
    if (this.#suspendedAtMs !== null) this.#skewMs -= this.#time.nowMs - this.#suspendedAtMs;
    this.#suspendedAtMs = null;
    const held = this.#held ?? [];
    if (this.#held !== null) this.#awakeSinceMs = this.#time.nowMs;
    this.#held = null;
    for (const task of held) this.#time.soon(() => this.run(task));
  }

  /** Calls back as it is killed, for what is around it: connections break. */
  onKilled(callback: () => void): void {
    this.#onKilled.push(callback);
  }

  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#held = null;
    for (const callback of this.#onKilled) callback();
  }
}
