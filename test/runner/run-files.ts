/** Runs test files beside each other, as many as there is room for, in the order that they are given. */

import type { FileResult } from "./file-result.js";
import type { Room } from "./room.js";
import { runFile, runTogether, type Running, type TestFile } from "./run-file.js";

const LOOK_MS = 100;

/** Files that share a process; most have one of their own. */
export type Group = readonly TestFile[];

export interface FilesRun {
  /** Resolves once all have ended, or were ended. */
  readonly results: Promise<readonly FileResult[]>;
  running(): readonly Running[];
  /** Ends what runs with all that it has started, and starts no more. */
  stop(): void;
}

export const startGroup = (group: Group): Running => {
  const [first, ...more] = group;
  return first !== undefined && more.length === 0 ? runFile(first) : runTogether(group);
};

/** @param ended is told of each file as it ends */
export function runFiles(
  groups: readonly Group[],
  start: (group: Group) => Running,
  room: Room,
  ended: (result: FileResult) => void,
): FilesRun {
  const queue = [...groups];
  const running = new Set<Running>();
  const all: FileResult[] = [];
  let stopped = false;

  async function take(group: Group): Promise<void> {
    const run = start(group);
    running.add(run);
    room.take();
    const { results, unrun } = await run.ended;
    running.delete(run);
    all.push(...results);
    for (const result of results) ended(result);
    if (!stopped) queue.unshift(...unrun.map((file) => [file]));
  }

  async function runAll(): Promise<readonly FileResult[]> {
    const left = new Set<Promise<void>>();
    while (queue.length > 0 || left.size > 0) {
      if (queue.length > 0 && room.isFor(left.size)) {
        const run = take(queue.shift() ?? []);
        left.add(run);
        void run.then(() => left.delete(run));
        continue;
      }
      let timer: NodeJS.Timeout | undefined;
      const look = new Promise<void>((resolve) => (timer = setTimeout(resolve, LOOK_MS)));
      await Promise.race(queue.length > 0 ? [look, ...left] : left);
      clearTimeout(timer);
    }
    return all;
  }

  return {
    results: runAll(),
    running: () => [...running],
    stop() {
      stopped = true;
      queue.length = 0;
      for (const run of running) run.kill();
    },
  };
}
