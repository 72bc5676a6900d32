/** What the monitor of a simulated node reads: the same figures at every sample. */

import type { HostMetrics } from "../actors/monitor/host-metrics.js";

export function createSimulatedMetrics(): HostMetrics {
  return {
    read: () =>
      Promise.resolve({
        cpuShare: 0.2,
        cpuCount: 2,
        memoryUsedBytes: 1e9,
        memoryTotalBytes: 4e9,
        residentBytes: 1e8,
        loopStallMs: 0,
      }),
    inventory: () => Promise.resolve({ processor: "simulated", physicalCores: 1, system: "simulated" }),
    close: () => {},
  };
}
