/** How long a thread of this process has had a processor, which a busy machine does not make longer. */

import { readFileSync, readlinkSync } from "node:fs";
import { systemClock, type Clock } from "./clock.js";

/** Of the times in /proc/PID/stat, for programs: the same on every Linux (proc(5), time(7)). */
const TICK_MS = 10;

/** Tells the time, in ms, that a thread has had of processors since it began; null where that cannot be read now. */
export type ThreadTime = (thread: ThreadName) => number | null;

/** A number as the system has it; null where the system tells no thread from another. */
export type ThreadName = number | null;

/** Called by the thread itself. */
export function ownThreadName(): ThreadName {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** Called by any thread of the process. Where the system tells no threads apart it is the time of all of them. */
export const threadTime: ThreadTime = (thread) => {
  if (thread === null) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
  try {
    return parseThreadTime(readFileSync(`/proc/self/task/${thread}/stat`, "latin1"));
  } catch {
    return null;
  }
};

/** Of a process: the time of all its threads, in ms. Null where the system does not tell, or the process is gone. */
export const processTime: ThreadTime = (pid) => {
  try {
    return parseThreadTime(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return null;
  }
};

/** @param stat `TID (NAME) STATE ...`: `utime` and `stime` are 12th and 13th behind the name, which may have anything in it */
export function parseThreadTime(stat: string): number | null {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : null;
}

/** Tells how long the calling thread has been ready to run, and another one had the processor, since it began, in ms; null where that is not told. */
export type ThreadDelay = () => number | null;

export const threadDelay: ThreadDelay = () => {
  try {
    return parseThreadDelay(readFileSync("/proc/thread-self/schedstat", "latin1"));
  } catch {
    return null;
  }
};

/** Tells how long the calling thread has waited for a processor since now, in ms; 0 where that is not told. */
export function delaySince(delay: ThreadDelay): () => number {
  const fromMs = delay();
  return () => (fromMs === null ? 0 : (delay() ?? fromMs) - fromMs);
}

/** @param schedstat time on a processor and time of waiting for one, in ns, and how often (Documentation/scheduler/sched-stats of Linux) */
export function parseThreadDelay(schedstat: string): number | null {
  const waitedNs = Number(schedstat.split(" ")[1] ?? Number.NaN);
  return Number.isFinite(waitedNs) ? waitedNs / 1e6 : null;
}

export interface ThreadLimit {
  /** What the thread may take of a processor from now on, in ms. */
  readonly limitMs: number;
  /** Between two looks, in ms. Default 1,000. */
  readonly lookMs?: number;
  readonly clock?: Clock;
  readonly timeOf?: ThreadTime;
}

/** Looks at a thread again and again, until it has taken too much. @returns what ends that */
export function watchThreadTime(
  thread: ThreadName,
  { limitMs, lookMs = 1_000, clock = systemClock, timeOf = threadTime }: ThreadLimit,
  onTooMuch: () => void,
): () => void {
  const begunMs = timeOf(thread) ?? 0;
  const look = (): void => {
    if ((timeOf(thread) ?? 0) - begunMs > limitMs) onTooMuch();
    else next = clock.after(lookMs, look);
  };
  let next = clock.after(lookMs, look);
  return () => next.cancel();
}
