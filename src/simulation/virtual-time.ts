/**
 * The time and the event loop of a simulated cluster: time stands still while there is work, and then jumps to the next timer.
 *
 * VT1 Timers that are due at the same time run in the order in which they were set.
 * VT2 Promises are settled before time moves on, so that code that awaits runs as it would.
 */

import type { TimerHandle } from "../runtime/clock.js";
import type { Executor } from "../runtime/executor.js";

/** Steps of one moment; the busiest of a thousand runs had a hundredth of this. */
const STANDSTILL_STEPS = 300_000;

/** Something keeps itself busy without an end. */
export class StandstillError extends Error {}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  /** Null once it is cancelled. */
  run: (() => void) | null;
}

export class VirtualTime implements Executor {
  #nowMs: number;
  #order = 0;
  /** A binary heap, the next timer first. */
  readonly #heap: Timer[] = [];
  #ready: (() => void)[] = [];
  #later: (() => void)[] = [];
  #steps = 0;
  #stepsAtMove = 0;

  /** @param startMs ms since the Unix epoch */
  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Timers and tasks run so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Runs a timer at `atMs`, or at once where that is past. */
  at(atMs: number, run: () => void): TimerHandle {
    const timer: Timer = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    this.#push(timer);
    return { cancel: () => void (timer.run = null) };
  }

  /** Runs a timer `delayMs` from now. */
  after(delayMs: number, run: () => void): TimerHandle {
    return this.at(this.#nowMs + Math.max(0, delayMs), run);
  }

  /** Runs before time moves on. */
  soon(run: () => void): void {
    this.#ready.push(run);
  }

  /** Runs before time moves on, after everything that is to run soon. */
  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Resolves `ms` from now. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Lets time pass until `atMs`, or until `done` returns true. */
  async runUntil(atMs: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      await this.#settle();
      if (done()) return;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > atMs) break;
      if (next.atMs > this.#nowMs) this.#stepsAtMove = this.#steps;
      this.#nowMs = next.atMs;
      for (
        let timer = this.#heap[0];
        timer !== undefined && timer.atMs <= this.#nowMs;
        timer = this.#heap[0]
      ) {
        this.#pop();
        if (timer.run !== null) this.#do(timer.run);
      }
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  async #settle(): Promise<void> {
    for (;;) {
      this.#drain();
      // All microtasks run before this resolves.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#ready.length === 0 && this.#later.length === 0) return;
    }
  }

  #drain(): void {
    while (this.#ready.length > 0 || this.#later.length > 0) {
      while (this.#ready.length > 0) {
        const ready = this.#ready;
        this.#ready = [];
        for (const run of ready) this.#do(run);
      }
      const later = this.#later;
      this.#later = [];
      for (const run of later) {
        this.#do(run);
        if (this.#ready.length > 0) {
          const ready = this.#ready;
          this.#ready = [];
          for (const soon of ready) this.#do(soon);
        }
      }
    }
  }

  #do(run: () => void): void {
    this.#steps += 1;
    if (this.#steps - this.#stepsAtMove > STANDSTILL_STEPS) {
      throw new StandstillError(`Time stands still: ${STANDSTILL_STEPS} steps took none of it`);
    }
    run();
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!before(timer, heap[parent] as Timer)) break;
      heap[at] = heap[parent] as Timer;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!before(heap[child] as Timer, last)) break;
      heap[at] = heap[child] as Timer;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
