/** Runs test files beside each other, as many as there is room for, in the order that they are given. */

import type { FileResult, RunningFile } from "./run-file.js";
import type { Room } from "./room.js";

const LOOK_MS = 100;

export interface FilesRun {
  /** Resolves once all have ended, or were ended. */
  readonly results: Promise<readonly FileResult[]>;
  running(): readonly RunningFile[];
  /** Ends what runs with all that it has started, and starts no more. */
  stop(): void;
}

/** @param ended is told of each file as it ends */
export function runFiles(
  files: readonly string[],
  start: (file: string) => RunningFile,
  room: Room,
  ended: (result: FileResult) => void,
): FilesRun {
  const queue = [...files];
  const running = new Set<RunningFile>();
  const results: FileResult[] = [];

  async function take(file: string): Promise<void> {
    const run = start(file);
    running.add(run);
    room.take();
    const result = await run.result;
    running.delete(run);
    results.push(result);
    ended(result);
  }

  async function runAll(): Promise<readonly FileResult[]> {
    const left = new Set<Promise<void>>();
    while (queue.length > 0 || left.size > 0) {
      if (queue.length > 0 && room.isFor(left.size)) {
        const run = take(queue.shift() ?? "");
        left.add(run);
        void run.then(() => left.delete(run));
        continue;
      }
      let timer: NodeJS.Timeout | undefined;
      const look = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOOK_MS)));
      await Promise.race(queue.length > 0 ? [look, ...left] : left);
      clearTimeout(timer);
    }
    return results;
  }

  return {
    results: runAll(),
    running: () => [...running],
    stop() {
      queue.length = 0;
      for (const run of running) run.kill();
    },
  };
}
