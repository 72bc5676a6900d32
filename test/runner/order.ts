/** In which order files start: the longest first, so that the end of a run is not the wait for one of them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Seconds by file, of those that take long. */
export type Durations = Readonly<Record<string, number>>;

const WORTH_KEEPING_S = 2;

/** @returns none where nothing is kept */
export function readDurations(path: string): Durations {
  if (!existsSync(path)) return {};
  // Our own runs wrote it.
  return JSON.parse(readFileSync(path, "utf8")) as Durations;
}

export function writeDurations(
  path: string,
  results: readonly { readonly file: string; readonly durationMs: number }[],
): void {
  const long = results
    .map(({ file, durationMs }) => [file, Math.round(durationMs / 1_000)] as const)
    .filter(([, seconds]) => seconds >= WORTH_KEEPING_S)
    .sort(([a], [b]) => a.localeCompare(b));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(long), null, 2)}\n`);
}

/** Those of which nothing is kept are short, and come last in the order of their names. */
export function longestFirst(files: readonly string[], durations: Durations): readonly string[] {
  return files.toSorted((a, b) => (durations[b] ?? 0) - (durations[a] ?? 0) || a.localeCompare(b));
}
