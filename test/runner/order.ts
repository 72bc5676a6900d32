/** In which order files start: the longest first, so that the end of a run is not the wait for one of them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { TestFile } from "./run-file.js";
import type { Group } from "./run-files.js";

/** Seconds by file, of those that take long. */
export type Durations = Readonly<Record<string, number>>;

const WORTH_KEEPING_S = 2;
/** Files of one process. More would save little, and a file that ends it has those behind it start anew. */
const SHARED_MAX = 30;

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

/**
 * Groups of files, each for a process: the longest first, and those of which nothing is kept last.
 *
 * @param needsOwn whether a file needs a process of its own; of the others so many share one, neighbours by name
 */
export function groupsOf(
  files: readonly TestFile[],
  durations: Durations,
  needsOwn: (path: string) => boolean,
): readonly Group[] {
  const own = files.filter(({ path }) => needsOwn(path)).map((file): Group => [file]);
  const others = files.filter(({ path }) => !needsOwn(path)).toSorted((a, b) => a.name.localeCompare(b.name));
  const shared = Array.from({ length: Math.ceil(others.length / SHARED_MAX) }, (_, at) =>
    others.slice(at * SHARED_MAX, (at + 1) * SHARED_MAX),
  );
  const secondsOf = (group: Group): number =>
    group.reduce((sum, { name }) => sum + (durations[name] ?? 0), 0);
  return [...own, ...shared].toSorted((a, b) => secondsOf(b) - secondsOf(a));
}
