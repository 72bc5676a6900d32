/**
 * One life of a simulated process: its turns on the processor, its timers and its clock. It may stand still, and it dies at
 * once: nothing of it runs afterwards.
 */

import type { Clock } from "../runtime/clock.js";
import type { Executor } from "../runtime/executor.js";
import type { Timeline } from "./timeline.js";

export class Life {
  readonly #timeline: Timeline;
  readonly #ends: (() => void)[] = [];
  #dead = false;
  /** What waits until it goes on; null while it goes. */
  #held: (() => void)[] | null = null;
  /** Of its clock against the time, in ms. */
  readonly #skewMs: number;

  constructor(timeline: Timeline, skewMs: number) {
    this.#timeline = timeline;
    this.#skewMs = skewMs;
  }

  get dead(): boolean {
    return this.#dead;
  }

  readonly executor: Executor = {
    soon: (task) => this.#timeline.soon(() => this.run(task)),
    later: (task) => this.#timeline.later(() => this.run(task)),
  };

  readonly clock: Clock = {
    now: () => this.#timeline.nowMs + this.#skewMs,
    after: (delayMs, callback) => {
      let cancelled = false;
      const timer = this.#timeline.after(delayMs, () =>
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

  /** Runs a piece of its work: now, once it goes on, or never. */
  run(task: () => void): void {
    if (this.#dead) return;
    if (this.#held === null) task();
    else this.#held.push(task);
  }

  pause(): void {
    if (!this.#dead) this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const task of held) this.#timeline.soon(() => this.run(task));
  }

  /** What the world around it does at its death: connections break. */
  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  kill(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#held = null;
    for (const end of this.#ends) end();
  }
}
