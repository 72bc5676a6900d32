/** In which order files start: the longest first, so that the end of a run is not the wait for one of them. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { TestFile } from "./run-file.js";
import type { Group } from "./run-files.js";

/** Seconds by file, of those that take long. */
export type Durations = Readonly<Record<string, number>>;

const WORTH_KEEPING_S = 2;
/** Files of one process. More would save little, and a file that ends it has those behind it start anew. */
const SHARED_MAX = 30;
/** Of files that open something: some wait, and groups run beside each other. */
const OPENING_MAX = 12;
/** A file that takes longer has a process of its own, where it opens something: what it does outweighs the loading. In seconds. */
const LONG_S = 5;

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
 * @param opens whether a file can open what is not memory: threads, processes, sockets, databases. Those share processes with
 *   their like, neighbours by name, unless they take long; the others share theirs
 */
export function groupsOf(
  files: readonly TestFile[],
  durations: Durations,
  opens: (path: string) => boolean,
): readonly Group[] {
  const secondsOf = (group: Group): number =>
    group.reduce((sum, { name }) => sum + (durations[name] ?? 0), 0);
  const opening = files.filter(({ path }) => opens(path));
  const pure = files.filter(({ path }) => !opens(path));
  const long = opening.filter((file) => secondsOf([file]) > LONG_S);
  const short = opening.filter((file) => !long.includes(file));
  return [
    ...long.map((file): Group => [file]),
    ...neighbours(short, OPENING_MAX),
    ...neighbours(pure, SHARED_MAX),
  ].toSorted((a, b) => secondsOf(b) - secondsOf(a));
}

function neighbours(files: readonly TestFile[], most: number): readonly Group[] {
  const sorted = files.toSorted((a, b) => a.name.localeCompare(b.name));
  return Array.from({ length: Math.ceil(sorted.length / most) }, (_, at) =>
    sorted.slice(at * most, (at + 1) * most),
  );
}
