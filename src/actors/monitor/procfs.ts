/** What Linux says of the host in /proc, as pure functions from text. See proc(5). */

/** Time of the processors since boot, in clock ticks. */
export interface ProcessorTicks {
  readonly busy: number;
  readonly total: number;
}

/**
 * Sums the lines `cpuN` of /proc/stat over the processors in `allowed`; null where it has none of them. Waiting for disks
 * is idle time, and time stolen by the hypervisor is busy: no task can have it. Guest time is within user time already.
 */
export function parseProcessorTicks(stat: string, allowed: ReadonlySet<number>): ProcessorTicks | null {
  let busy = 0;
  let total = 0;
  for (const line of stat.split("\n")) {
    const match = /^cpu(\d+)\s+(.*)$/.exec(line);
    if (match === null) {
      // The lines of the processors stand first.
      if (line.startsWith("cpu ")) continue;
      break;
    }
    if (!allowed.has(Number(match[1]))) continue;
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] =
      match[2]?.split(" ").map(Number) ?? [];
    const work = user + nice + system + irq + softirq + steal;
    busy += work;
    total += work + idle + iowait;
  }
  return total > 0 ? { busy, total } : null;
}

export interface HostMemory {
  readonly totalBytes: number;
  /** What can be had without swapping. */
  readonly availableBytes: number;
}

/** Reads /proc/meminfo; null where it lacks a figure. Kernels before 3.14 have no MemAvailable: free and cached stand in. */
export function parseMeminfo(meminfo: string): HostMemory | null {
  const kilobytes = (name: string): number | null => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo);
    return match === null ? null : Number(match[1]);
  };
  const total = kilobytes("MemTotal");
  const free = kilobytes("MemFree");
  const available = kilobytes("MemAvailable") ?? (free === null ? null : free + (kilobytes("Cached") ?? 0));
  if (total === null || available === null) return null;
  return { totalBytes: total * 1024, availableBytes: Math.min(total, available) * 1024 };
}

/** The processors that the process may run on, from `Cpus_allowed_list` of /proc/self/status: `0-3,8`. */
export function parseAllowedProcessors(status: string): ReadonlySet<number> {
  const list = /^Cpus_allowed_list:\s+([\d,-]+)$/m.exec(status)?.[1] ?? "";
  const allowed = new Set<number>();
  for (const range of list.split(",")) {
    const [first, last = first] = range.split("-").map(Number);
    if (first === undefined || last === undefined || range === "") continue;
    for (let index = first; index <= last; index++) allowed.add(index);
  }
  return allowed;
}
