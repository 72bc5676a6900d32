/**
 * Whether the machine has room for another file. As many run as it has processors; files that mostly wait, for a camera's
 * clock or a limit, leave processors idle, and then more run beside them.
 */

import { cpus } from "node:os";

/** A file that is started now is seen in what the processors do only after so long. */
const LOOK_MS = 400;
/** Of one processor. */
const IDLE_ENOUGH = 0.35;
/** What the largest files take with all their processes, and more. */
const MEMORY_BYTES = 1_500_000_000;

export interface Room {
  /** @param running files that run now */
  isFor(running: number): boolean;
  /** A file was started. */
  take(): void;
}

export interface Machine {
  readonly processors: number;
  nowMs(): number;
  /** Of all processors since the machine started, in ms. */
  idleMs(): number;
  availableBytes(): number;
}

export const thisMachine = (processors: number): Machine => ({
  processors,
  nowMs: () => performance.now(),
  idleMs: () => cpus().reduce((sum, { times }) => sum + times.idle, 0),
  availableBytes: () => process.availableMemory(),
});

/** @param jobsMax files at once, whatever the machine has room for */
export function createRoom(machine: Machine, jobsMax: number): Room {
  let since = { ms: machine.nowMs(), idleMs: machine.idleMs() };
  const look = (): void => void (since = { ms: machine.nowMs(), idleMs: machine.idleMs() });
  return {
    isFor(running) {
      if (running >= jobsMax) return false;
      if (running < machine.processors) return true;
      const tookMs = machine.nowMs() - since.ms;
      if (tookMs < LOOK_MS) return false;
      const idle = (machine.idleMs() - since.idleMs) / tookMs;
      look();
      return idle >= IDLE_ENOUGH && machine.availableBytes() >= MEMORY_BYTES;
    },
    take: look,
  };
}
