/** What Linux says of a process: its memory, its command line, its children. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

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

export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose environment has `mark`, also those whose parent is gone. */
export function processesWith(mark: string): readonly Running[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(mark)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return command === "" ? [] : [{ pid: Number(name), command }];
    } catch {
      // It ended between the listing and the look, or is another user's.
      return [];
    }
  });
}
