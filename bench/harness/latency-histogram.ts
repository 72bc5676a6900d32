/**
 * Latencies in a high dynamic range histogram: three significant digits from 10 ns to an hour, whatever their number. The one
 * door to hdr-histogram-js, which counts whole numbers: ours are tens of nanoseconds.
 */

import { build, type Histogram } from "hdr-histogram-js";

const UNITS_PER_MS = 100_000;
const MS_MAX = 3_600_000;

/** In ms. */
export interface LatencySummary {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MS_MAX * UNITS_PER_MS,
    numberOfSignificantValueDigits: 3,
  });

  /** @param ms 0 or more; what is longer than an hour counts as an hour */
  record(ms: number): void {
    this.#histogram.recordValue(Math.round(Math.min(ms, MS_MAX) * UNITS_PER_MS));
  }

  add(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  get samples(): number {
    return this.#histogram.totalCount;
  }

  /** @param share of the samples that took at most so long, 0 to 1. @returns ms; NaN without a sample */
  at(share: number): number {
    return this.samples === 0 ? Number.NaN : this.#histogram.getValueAtPercentile(share * 100) / UNITS_PER_MS;
  }

  summary(): LatencySummary {
    return {
      samples: this.samples,
      p50: this.at(0.5),
      p95: this.at(0.95),
      p99: this.at(0.99),
      p999: this.at(0.999),
      max: this.at(1),
    };
  }
}
