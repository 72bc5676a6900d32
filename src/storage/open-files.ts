/** How many files this process may have open. */

import { readFileSync } from "node:fs";

/**
 * Files and sockets that this process may have open at once; null where the system does not say, or has no limit. Node
 * raises its own limit to the hard one as it starts.
 */
export function openFilesMax(): number | null {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null; // no Linux
  }
}

/** What leveldb keeps open by default (`Options::max_open_files`). */
const TABLES_MAX = 1_000;
const TABLES_MIN = 64;

/** Tables that a database may keep open: a quarter of all, as there are sockets, cameras and threads. */
export function tableFilesMax(limit: number | null = openFilesMax()): number {
  return limit === null ? TABLES_MAX : Math.min(TABLES_MAX, Math.max(TABLES_MIN, Math.floor(limit / 4)));
}
