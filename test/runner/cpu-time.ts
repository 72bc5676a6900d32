/** The processor time of children of this process. */

import { readFileSync } from "node:fs";

/** In ms, of all children of this process that have ended, with theirs; null where Linux does not say. */
export function endedChildrenCpuMs(): number | null {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    // proc(5): cutime and cstime are the 16th and 17th fields, in ticks of 10 ms; the 2nd may have spaces in it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return null;
  }
}
