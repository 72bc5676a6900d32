/** The memory of a process over time, and whether it grows. */

import { readFile } from "node:fs/promises";

export interface MemorySample {
  readonly atMs: number;
  /** Resident. */
  readonly bytes: number;
}

const PAGE_BYTES = 4_096;
/** Samples, one a second, before a trend says anything. */
const SAMPLES_MIN = 120;

/** 0 where the process does not run, or the kernel does not say. */
export async function residentBytes(pid: number | null): Promise<number> {
  const text = await readFile(`/proc/${pid ?? 0}/statm`, "utf8").catch(() => "");
  return Number(text.split(" ")[1] ?? 0) * PAGE_BYTES;
}

/** The newest sample and, of two minutes and more, the slope of their second half by least squares. */
export function describeMemoryTrend(samples: readonly MemorySample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return "the hub's memory is not known";
  const half = samples.slice(Math.floor(samples.length / 2));
  const now = `the hub uses ${(last.bytes / 1e6).toFixed(0)} MB`;
  if (samples.length < SAMPLES_MIN) return `${now}; it has not run long enough for a trend`;
  const mean = (of: (sample: MemorySample) => number): number =>
    half.reduce((sum, sample) => sum + of(sample), 0) / half.length;
  const [atMs, bytes] = [mean((sample) => sample.atMs), mean((sample) => sample.bytes)];
  const covariance = mean((sample) => (sample.atMs - atMs) * (sample.bytes - bytes));
  const variance = mean((sample) => (sample.atMs - atMs) ** 2);
  const perHour = (covariance / variance) * 3_600_000;
  return `${now}, and ${(perHour / 1e6).toFixed(1)} MB an hour more over the last ${half.length} s`;
}
