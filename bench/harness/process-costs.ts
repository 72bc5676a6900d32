/** What a piece of work costs the process beside its time: processor, memory, garbage collection, the event loop's delay. */

import {
  monitorEventLoopDelay,
  PerformanceObserver,
  type IntervalHistogram,
  type PerformanceEntry,
} from "node:perf_hooks";

export interface ProcessCosts {
  /** Processor time of all threads by wall-clock time: 1 is one core. */
  readonly cpuShare: number;
  /** Resident set at its end, in bytes. */
  readonly rssBytes: number;
  readonly gcCount: number;
  readonly gcMs: number;
  /** 99th percentile of how late timers are, in ms; null where the work never gave the loop a turn. */
  readonly loopDelayMs: number | null;
}

const LOOP_RESOLUTION_MS = 10;

/** From its making to `end`. */
export class CostMeter {
  readonly #startedMs = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #observer: PerformanceObserver;
  #gcCount = 0;
  #gcMs = 0;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#count(list.getEntries()));
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#loop.enable();
  }

  async end(): Promise<ProcessCosts> {
    const elapsedMs = performance.now() - this.#startedMs;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#loop.disable();
    // A collection is noted in a turn after it, and told to observers in another one.
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
    this.#count(this.#observer.takeRecords());
    this.#observer.disconnect();
    const loopDelayMs = this.#loop.percentile(99) / 1e6 - LOOP_RESOLUTION_MS;
    return {
      cpuShare: (user + system) / 1_000 / elapsedMs,
      rssBytes: process.memoryUsage.rss(),
      gcCount: this.#gcCount,
      gcMs: this.#gcMs,
      loopDelayMs: Number.isFinite(loopDelayMs) ? Math.max(0, loopDelayMs) : null,
    };
  }
  #count(collections: readonly PerformanceEntry[]): void {
    for (const { duration } of collections) {
      this.#gcCount += 1;
      this.#gcMs += duration;
    }
  }
}
