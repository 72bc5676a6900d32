/** What Linux says of the memory of a process. */

import { readFileSync, writeFileSync } from "node:fs";

/** Begins to measure the peak of its memory anew. */
export function resetPeak(pid: number): void {
  try {
    // proc(5): 5 resets the peak resident set size.
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // Another system, or the process has gone: its peak is then that of its life, or none.
  }
}

/** The most that it has held since the reset, in bytes; 0 where that is not known. */
export function peakBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(match?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
