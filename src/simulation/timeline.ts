/**
 * The time of a simulated cluster: it stands still while anybody has work, and then jumps to what falls due next.
 *
 * S1 What is due at the same time runs in the order in which it was set.
 * S2 Promises are settled before time moves on, so that code that awaits runs as it would.
 */

import type { TimerHandle } from "../runtime/clock.js";

interface Due {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

export class Timeline {
  #nowMs: number;
  #order = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Due[] = [];
  #ready: (() => void)[] = [];
  #later: (() => void)[] = [];
  #steps = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Pieces of work done so far. */
  get steps(): number {
    return this.#steps;
  }

  at(atMs: number, run: () => void): TimerHandle {
    const due: Due = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run };
    this.#push(due);
    return { cancel: () => void (due.run = null) };
  }

  after(delayMs: number, run: () => void): TimerHandle {
    return this.at(this.#nowMs + Math.max(0, delayMs), run);
  }

  /** Runs before time moves on. */
  soon(run: () => void): void {
    this.#ready.push(run);
  }

  /** Runs before time moves on, behind all that is to run soon. */
  later(run: () => void): void {
    this.#later.push(run);
  }

  /** Resolves when so much time has passed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Lets time pass until `atMs`, or until `done` says so. */
  async runUntil(atMs: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      await this.#settle();
      if (done()) return;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > atMs) break;
      this.#nowMs = next.atMs;
      for (let due = this.#heap[0]; due !== undefined && due.atMs <= this.#nowMs; due = this.#heap[0]) {
        this.#pop();
        if (due.run !== null) this.#do(due.run);
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
    run();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!before(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child += 1;
      if (!before(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
