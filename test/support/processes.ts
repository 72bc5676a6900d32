/** Processes that carry a mark in their environment, which whoever they start inherits. */

import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose environment has `mark`, also those whose parent is gone; none where Linux does not say. */
export function processesWith(mark: string): readonly Running[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(mark)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      // One that has ended and was not waited for has none any more.
      return command === "" ? [] : [{ pid: Number(name), command }];
    } catch {
      // It ended between the listing and the look, or is another user's.
      return [];
    }
  });
}

export function killAllWith(mark: string): void {
  for (const { pid } of processesWith(mark)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}
