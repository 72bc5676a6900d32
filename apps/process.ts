/** What every program does at its start: it looks after its output, and says where its limits are low. */

import { openFilesMax } from "../src/storage/open-files.js";
import { err } from "./terminal.js";

/** Tables of a store, links of a hub, pipes of cameras and threads: below this some of them may find no descriptor. */
const OPEN_FILES_WANTED = 2_048;

/** Whether output was lost that was not only of no interest any more. */
export interface Output {
  readonly lost: () => boolean;
}

/**
 * Keeps the process alive where its output cannot be written. A reader that has gone (`sluice results | head`) is no failure.
 *
 * @param onLost told of the first other failure
 */
export function keepOutput(onLost: (why: string) => void): Output {
  let lost = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      if (code === "EPIPE" || lost) return;
      lost = true;
      onLost(`Cannot write all output as ${code === "ENOSPC" ? "its disk is full" : message}`);
    });
  }
  return { lost: () => lost };
}

/** Of a node: one line where it may have few files open. */
export function warnOfLimits(limit: number | null = openFilesMax()): void {
  if (limit === null || limit >= OPEN_FILES_WANTED) return;
  err.line(
    `warning: this process may have ${limit} files open, and a node wants ${OPEN_FILES_WANTED}: raise the limit (ulimit -n)`,
  );
}
