/** Processes that tests have started and that still run: none outlives a test that failed, nor this process. */

import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();
process.once("exit", () => killStarted());

/** To be called with every process that a test starts and that does not end by itself. */
export function noteStarted(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
}

/** Those that run now. */
export function startedNow(): ReadonlySet<ChildProcess> {
  return new Set(running);
}

/** @param kept go on */
export function killStarted(kept: ReadonlySet<ChildProcess> = new Set()): void {
  for (const child of running) {
    if (!kept.has(child)) child.kill("SIGKILL");
  }
}
