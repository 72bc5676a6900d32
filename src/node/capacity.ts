/** What a node says that it can take, by what its machine has. */

import { availableParallelism } from "node:os";
import type { HostReading } from "../actors/monitor/host-metrics.js";
import { DEFAULT_PROCESSOR_LIMITS, replicasOn } from "../actors/processor/processor-limits.js";
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
  const workersPerStage = replicasOn(limits, availableParallelism());
  const host = openHost();
  try {
    const reading = await host.read().catch(() => null);
    const { stagesMax, memoryBytesMax } = {
      ...(role === "edge" && limitsOf({ workersMax, workersPerStage }, reading)),
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

/** So that all its stages have all their workers, and their models room. */
function limitsOf(
  { workersMax, workersPerStage }: { readonly workersMax: number; readonly workersPerStage: number },
  reading: HostReading | null,
): Pick<NodeCapacity, "stagesMax" | "memoryBytesMax"> {
  return {
    stagesMax: Math.max(1, Math.floor(workersMax / workersPerStage)),
    ...(reading !== null && { memoryBytesMax: Math.floor(reading.memoryTotalBytes * MEMORY_SHARE) }),
  };
}
