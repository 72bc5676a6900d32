/** What a piece of work costs the process beside its time: processor, memory, garbage collection, the event loop's delay. */

import { monitorEventLoopDelay, PerformanceObserver, type IntervalHistogram } from "node:perf_hooks";

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
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcCount += 1;
        this.#gcMs += duration;
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#loop.enable();
  }

  async end(): Promise<ProcessCosts> {
    const elapsedMs = performance.now() - this.#startedMs;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#loop.disable();
    // Observers are told in a turn of their own.
    await new Promise((resolve) => void setImmediate(resolve));
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
}
