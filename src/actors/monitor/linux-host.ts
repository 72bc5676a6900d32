/**
 * Live figures of a Linux host and of the container around it, from files that stay open: a read is a handful of `pread`
 * calls, without forks, threads or allocation of the size of a file. Costs are in docs/decisions/0004-host-metrics.md.
 */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import {
  findCgroup,
  parseCfsQuota,
  parseCpuMax,
  parseCpuUsageUs,
  parseInactiveFile,
  parseMemoryLimit,
} from "./cgroup.js";
import { parseAllowedProcessors, parseMeminfo, parseProcessorTicks, type ProcessorTicks } from "./procfs.js";

export interface HostFigures {
  /** Share of the processors that this process may use that was busy since the last reading, 0 to 1. */
  readonly cpuShare: number;
  /** Processors that this process may use; less than one where a container is granted a part. */
  readonly cpuCount: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
}

export interface HostReader {
  read(): HostFigures;
  close(): void;
}

/** Time in ms of any origin, as `performance.now`. */
type Now = () => number;

/**
 * @param root folder that `/proc` and `/sys` are in; default none, the machine's own
 * @throws where /proc is not there or is none of Linux's
 */
export function openLinuxHost(now: Now, root = ""): HostReader {
  const files = new OpenFiles(root);
  try {
    return createReader(files, now);
  } catch (thrown) {
    files.close();
    throw thrown;
  }
}

function createReader(files: OpenFiles, now: Now): HostReader {
  const allowed = parseAllowedProcessors(files.readOnce("/proc/self/status"));
  const readStat = files.open("/proc/stat");
  const readMeminfo = files.open("/proc/meminfo");
  const readCpuGrant = openCpuGrant(files);
  const readMemoryGrant = openMemoryGrant(files);
  let before = sampleCpu();
  let cpuShare = 0;

  function sampleCpu(): { ticks: ProcessorTicks; grant: CpuGrant; atMs: number } {
    const ticks = parseProcessorTicks(readStat(), allowed);
    if (ticks === null) throw new Error("Cannot read /proc/stat as it has no line of an allowed processor");
    return { ticks, grant: readCpuGrant(), atMs: now() };
  }

  return {
    read() {
      const after = sampleCpu();
      const { processors, usageUs } = after.grant;
      const cpuCount = Math.min(allowed.size, processors ?? allowed.size);
      const elapsedTicks = after.ticks.total - before.ticks.total;
      // Two readings within one tick of the kernel's clock tell nothing new.
      if (elapsedTicks > 0) {
        const ofHost = (after.ticks.busy - before.ticks.busy) / elapsedTicks;
        const ofGrant =
          processors === null || usageUs === null || before.grant.usageUs === null
            ? 0
            : (usageUs - before.grant.usageUs) / 1_000 / ((after.atMs - before.atMs) * cpuCount);
        cpuShare = Math.min(1, Math.max(0, ofHost, ofGrant));
        before = after;
      }
      const host = parseMeminfo(readMeminfo());
      if (host === null) throw new Error("Cannot read /proc/meminfo as it has no MemTotal or MemFree");
      const granted = readMemoryGrant();
      const totalBytes = Math.min(host.totalBytes, granted.limitBytes ?? host.totalBytes);
      const availableBytes = Math.min(host.availableBytes, Math.max(0, granted.availableBytes ?? totalBytes));
      return {
        cpuShare,
        cpuCount,
        memoryTotalBytes: totalBytes,
        memoryUsedBytes: totalBytes - Math.min(totalBytes, availableBytes),
      };
    },
    close: () => files.close(),
  };
}

interface CpuGrant {
  /** Null for no limit. */
  readonly processors: number | null;
  /** Processor time of the group since it was made; null where the kernel does not say. */
  readonly usageUs: number | null;
}

/** A group may use no more than the strictest of it and its parents. */
function openCpuGrant(files: OpenFiles): () => CpuGrant {
  const membership = files.readOnce("/proc/self/cgroup");
  const mounts = files.readOnce("/proc/self/mountinfo");
  const cpu = findCgroup(membership, mounts, "cpu");
  if (cpu === null) return () => ({ processors: null, usageUs: null });
  const limits = cpu.folders.flatMap((folder): (() => number | null)[] => {
    if (cpu.version === 2) {
      const readMax = files.tryOpen(`${folder}/cpu.max`);
      return readMax === null ? [] : [() => parseCpuMax(readMax())];
    }
    const readQuota = files.tryOpen(`${folder}/cpu.cfs_quota_us`);
    const readPeriod = files.tryOpen(`${folder}/cpu.cfs_period_us`);
    return readQuota === null || readPeriod === null ? [] : [() => parseCfsQuota(readQuota(), readPeriod())];
  });
  const [own = ""] =
    cpu.version === 2 ? cpu.folders : (findCgroup(membership, mounts, "cpuacct")?.folders ?? []);
  const readStat = cpu.version === 2 ? files.tryOpen(`${own}/cpu.stat`) : null;
  const readUsage = cpu.version === 1 ? files.tryOpen(`${own}/cpuacct.usage`) : null;
  return () => ({
    processors: strictest(limits),
    usageUs:
      readStat !== null
        ? parseCpuUsageUs(readStat())
        : readUsage !== null
          ? Number(readUsage()) / 1_000
          : null,
  });
}

interface MemoryGrant {
  /** Null for no limit. */
  readonly limitBytes: number | null;
  readonly availableBytes: number | null;
}

function openMemoryGrant(files: OpenFiles): () => MemoryGrant {
  const membership = files.readOnce("/proc/self/cgroup");
  const memory = findCgroup(membership, files.readOnce("/proc/self/mountinfo"), "memory");
  if (memory === null) return () => ({ limitBytes: null, availableBytes: null });
  const names =
    memory.version === 2
      ? { limit: "memory.max", usage: "memory.current" }
      : { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes" };
  const groups = memory.folders.flatMap((folder) => {
    const readLimit = files.tryOpen(`${folder}/${names.limit}`);
    const readUsage = files.tryOpen(`${folder}/${names.usage}`);
    const readStat = files.tryOpen(`${folder}/memory.stat`);
    return readLimit === null || readUsage === null || readStat === null
      ? []
      : [{ readLimit, readUsage, readStat }];
  });
  return () => {
    let limitBytes: number | null = null;
    let availableBytes: number | null = null;
    for (const { readLimit, readUsage, readStat } of groups) {
      const limit = parseMemoryLimit(readLimit());
      if (limit === null) continue;
      const available = limit - (Number(readUsage()) - parseInactiveFile(readStat()));
      limitBytes = Math.min(limitBytes ?? limit, limit);
      availableBytes = Math.min(availableBytes ?? available, available);
    }
    return { limitBytes, availableBytes };
  };
}

function strictest(limits: readonly (() => number | null)[]): number | null {
  let lowest: number | null = null;
  for (const read of limits) {
    const limit = read();
    if (limit !== null) lowest = Math.min(lowest ?? limit, limit);
  }
  return lowest;
}

/** Files that are opened once and read from their start again and again, through one buffer. */
class OpenFiles {
  readonly #root: string;
  readonly #descriptors: number[] = [];
  /** /proc/stat of a machine with 256 processors has 20 KiB before its interrupt counts, which are not needed. */
  readonly #buffer = Buffer.alloc(65_536);

  constructor(root: string) {
    this.#root = root;
  }

  readOnce(path: string): string {
    return readFileSync(this.#root + path, "utf8");
  }

  open(path: string): () => string {
    const descriptor = openSync(this.#root + path, "r");
    this.#descriptors.push(descriptor);
    return () =>
      this.#buffer.toString("latin1", 0, readSync(descriptor, this.#buffer, 0, this.#buffer.length, 0));
  }

  /** Null where there is no such file or it may not be read: not every group has every controller. */
  tryOpen(path: string): (() => string) | null {
    try {
      return this.open(path);
    } catch {
      return null;
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }
}
