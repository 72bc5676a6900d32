/** The memory of a process over its life. */

import { readFile } from "node:fs/promises";

export interface Weight {
  readonly atMs: number;
  readonly bytes: number;
}

/** 0 where the process does not run, or the kernel does not tell. */
export async function residentBytes(pid: number | null): Promise<number> {
  const text = await readFile(`/proc/${pid ?? 0}/statm`, "utf8").catch(() => "");
  return Number(text.split(" ")[1] ?? 0) * PAGE_BYTES;
}

const PAGE_BYTES = 4_096;

/** The newest weight and, of a life of two minutes and more, the slope of its second half by least squares. */
export function describeWeights(weights: readonly Weight[]): string {
  const last = weights.at(-1);
  if (last === undefined) return "the hub's memory is not known";
  const half = weights.slice(Math.floor(weights.length / 2));
  const now = `the hub has ${(last.bytes / 1e6).toFixed(0)} MB`;
  if (weights.length < 120) return `${now}; it has not lived long enough to tell a slope`;
  const mean = (of: (weight: (typeof half)[number]) => number): number =>
    half.reduce((sum, weight) => sum + of(weight), 0) / half.length;
  const [atMs, bytes] = [mean((weight) => weight.atMs), mean((weight) => weight.bytes)];
  const covariance = mean((weight) => (weight.atMs - atMs) * (weight.bytes - bytes));
  const variance = mean((weight) => (weight.atMs - atMs) ** 2);
  const perHour = (covariance / variance) * 3_600_000;
  return `${now}, and ${(perHour / 1e6).toFixed(1)} MB an hour more over the last ${half.length} s`;
}
