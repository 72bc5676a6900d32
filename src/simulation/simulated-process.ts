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
  readonly #skewMs: number;

  constructor(time: VirtualTime, skewMs: number) {
    this.#time = time;
    this.#skewMs = skewMs;
  }

  get killed(): boolean {
    return this.#killed;
  }

  readonly executor: Executor = {
    soon: (task) => this.#time.soon(() => this.run(task)),
    later: (task) => this.#time.later(() => this.run(task)),
  };

  readonly clock: Clock = {
    now: () => this.#time.nowMs + this.#skewMs,
    monotonic: () => this.#time.nowMs,
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
    const held = this.#held ?? [];
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
