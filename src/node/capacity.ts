/** What a node says that it can take, by what its machine has. */

import type { HostReading } from "../actors/monitor/host-metrics.js";
import { DEFAULT_PROCESSOR_LIMITS, replicasOf } from "../actors/processor/processor-limits.js";
import { EXECUTION_PROVIDER } from "../services/execution-provider.js";
import type { NodeCapacity } from "../task/offers.js";
import type { NodeLimits } from "./node-options.js";
import type { NodeWorld } from "./world.js";

/** Of the machine's memory, or the container's: the rest is for what is no stage, tasks above all. */
const MEMORY_SHARE = 0.5;

/**
 * Reads the machine once. What it does not tell is left out, and is then no limit. A cloud sets itself none: what finds no room
 * elsewhere goes there.
 */
export async function capacityOf(
  { openHost }: Pick<NodeWorld, "openHost">,
  role: "cloud" | "edge",
  { processor, placement }: NodeLimits = {},
): Promise<NodeCapacity> {
  const limits = { ...DEFAULT_PROCESSOR_LIMITS, ...processor };
  const { workersMax } = limits;
  const workersPerStage = replicasOf(limits);
  const host = openHost();
  try {
    const reading = await host.read().catch(() => null);
    const { stagesMax, memoryBytesMax } = {
      ...(role === "edge" && limitsOf(workersMax, reading)),
      ...placement,
    };
    return {
      provider: EXECUTION_PROVIDER,
      workersPerStage,
      workersMax,
      ...(stagesMax !== undefined && { stagesMax }),
      ...(reading !== null && { cores: reading.cpuCount, memoryBytes: reading.memoryTotalBytes }),
      ...(memoryBytesMax !== undefined && { memoryBytesMax }),
    };
  } finally {
    host.close();
  }
}

/** So that each of its stages has a worker, and their models room. Further workers of a stage take what places there are. */
function limitsOf(
  workersMax: number,
  reading: HostReading | null,
): Pick<NodeCapacity, "stagesMax" | "memoryBytesMax"> {
  return {
    stagesMax: workersMax,
    ...(reading !== null && { memoryBytesMax: Math.floor(reading.memoryTotalBytes * MEMORY_SHARE) }),
  };
}
