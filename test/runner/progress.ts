/** What a person sees while files run: a line for each that has ended, and on a terminal what runs now. */

import { createLiveLines } from "../../apps/live-lines.js";
import type { FileResult } from "./file-result.js";
import type { Running } from "./run-file.js";
import { problemText, resultLine, seconds } from "./summary.js";

const REDRAW_MS = 500;
const COLUMNS = 80;

export interface Progress {
  ended(result: FileResult): void;
  stop(): void;
}

/** @param count of all files */
export function showProgress(count: number, running: () => readonly Running[]): Progress {
  const live = process.stdout.isTTY ? createLiveLines(process.stdout) : null;
  const startedMs = performance.now();
  let done = 0;
  let broken = 0;
  const draw = (): void => {
    const nowMs = performance.now();
    const columns = process.stdout.columns || COLUMNS;
    live?.show(
      [
        `${done} of ${count} files, ${broken} with problems, ${seconds(nowMs - startedMs)}`,
        ...running().map(({ name, startedMs: since }) => `  ${seconds(nowMs - since).padStart(8)}  ${name}`),
      ]
        .map((line) => line.slice(0, columns - 1))
        .join("\n"),
    );
  };
  const timer = live === null ? undefined : setInterval(draw, REDRAW_MS);
  return {
    ended(result) {
      done += 1;
      if (result.problem !== null) broken += 1;
      live?.clear();
      const place = `${String(done).padStart(String(count).length)}/${count}`;
      console.log(`${place} ${resultLine(result)}`);
      for (const line of result.output.split("\n"))
        if (line.startsWith("SKIPPED")) console.log(`     ${line}`);
      // At once: whoever ends the run before its end sees it too.
      if (result.problem !== null) console.log(problemText(result));
      if (live !== null) draw();
    },
    stop() {
      clearInterval(timer);
      live?.clear();
    },
  };
}
