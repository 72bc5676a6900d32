/**
 * What a monitor asks of its host, and the door to systeminformation.
 *
 * systeminformation forks processes and blocks in `execSync` where it reads live figures, so on Linux those come from
 * the kernel's files, and from it only the inventory, once. Elsewhere it gives the memory, at a slower rate.
 */

import { cpus, totalmem } from "node:os";
import { openLinuxHost, type HostFigures } from "./linux-host.js";
import { watchLoopStall } from "./loop-stall.js";

export interface HostReading extends HostFigures {
  /** Of this process. */
  readonly residentBytes: number;
  /** Longest stall of the event loop since the last reading, in ms. */
  readonly loopStallMs: number;
}

/** What the host is, for people. */
export interface HostInventory {
  readonly processor: string;
  readonly physicalCores: number;
  readonly system: string;
}

export interface HostMetrics {
  readonly read: () => Promise<HostReading>;
  /** Forks a few processes and stalls the event loop for about 10 ms: once, at start. */
  readonly inventory: () => Promise<HostInventory>;
  readonly close: () => void;
}

interface Reader {
  read(): HostFigures | Promise<HostFigures>;
  close(): void;
}

/** Between memory readings where they may fork, in ms. */
const PORTABLE_MEMORY_MS = 10_000;

/** Opens the metrics of this host; `close` releases them. */
export function openHostMetrics(): HostMetrics {
  const reader = openReader();
  const loop = watchLoopStall();
  return {
    async read() {
      const loopStallMs = loop.takeMs();
      return { ...(await reader.read()), residentBytes: process.memoryUsage.rss(), loopStallMs };
    },
    async inventory() {
      const { cpu, osInfo } = await import("systeminformation");
      const processor = await cpu();
      const system = await osInfo();
      return {
        processor: `${processor.manufacturer} ${processor.brand}`.trim(),
        physicalCores: processor.physicalCores,
        system: `${system.distro} ${system.release} ${system.arch}`.trim(),
      };
    },
    close() {
      loop.close();
      reader.close();
    },
  };
}

function openReader(): Reader {
  if (process.platform !== "linux") return openPortableHost();
  try {
    return openLinuxHost(() => performance.now());
  } catch {
    // A container may hide /proc: the portable figures are better than no monitor.
    return openPortableHost();
  }
}

/** For systems without /proc: processor times from libuv, memory from systeminformation, kept for a while. */
export function openPortableHost(): Reader {
  let before = processorTimes();
  let cpuShare = 0;
  let memory = { atMs: Number.NEGATIVE_INFINITY, totalBytes: totalmem(), usedBytes: 0 };
  return {
    async read() {
      const after = processorTimes();
      if (after.totalMs > before.totalMs) {
        cpuShare = Math.min(
          1,
          Math.max(0, (after.busyMs - before.busyMs) / (after.totalMs - before.totalMs)),
        );
        before = after;
      }
      if (performance.now() - memory.atMs >= PORTABLE_MEMORY_MS) {
        const { mem } = await import("systeminformation");
        const { total, available } = await mem();
        memory = { atMs: performance.now(), totalBytes: total, usedBytes: total - available };
      }
      return {
        cpuShare,
        cpuCount: after.count,
        memoryUsedBytes: memory.usedBytes,
        memoryTotalBytes: memory.totalBytes,
      };
    },
    close() {},
  };
}

function processorTimes(): { readonly busyMs: number; readonly totalMs: number; readonly count: number } {
  const processors = cpus();
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of processors) {
    const work = times.user + times.nice + times.sys + times.irq;
    busyMs += work;
    totalMs += work + times.idle;
  }
  return { busyMs, totalMs, count: processors.length };
}
