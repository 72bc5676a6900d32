/** The first look of a program, before it loads anything else: modules are files, too, and are opened all at once. */

import { openFilesMax } from "../src/storage/open-files.js";
import { err } from "./terminal.js";

/** Loading takes 96 at the most (`ulimit -n N; sluice --version`); a node opens its store, its links and its threads besides. */
const OPEN_FILES_MIN = 128;

/** Ends the process with 1, in one line, where it may have too few files open even to load. */
export function requireFiles(limit: number | null = openFilesMax()): void {
  if (limit === null || limit >= OPEN_FILES_MIN) return;
  err.line(
    `error: Cannot start as this process may have ${limit} files open, and needs ${OPEN_FILES_MIN} at least: raise the limit (ulimit -n)`,
  );
  process.exit(1);
}
