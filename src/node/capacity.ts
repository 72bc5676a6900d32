/** What a node says that it can take, by what its machine has. */

import { availableParallelism } from "node:os";
import { DEFAULT_PROCESSOR_LIMITS, replicasOn } from "../actors/processor/processor-limits.js";
import { EXECUTION_PROVIDER } from "../services/execution-provider.js";
import type { NodeCapacity } from "../task/offers.js";
import type { NodeLimits } from "./node-options.js";
import type { NodeWorld } from "./world.js";

/** Of the machine's memory, or the container's: the rest is for what is no stage, tasks above all. */
const MEMORY_SHARE = 0.5;

/** Reads the machine once. What it does not tell is left out, and is then no limit. */
export async function capacityOf(
  { openHost }: Pick<NodeWorld, "openHost">,
  { processor, placement }: NodeLimits = {},
): Promise<NodeCapacity> {
  const limits = { ...DEFAULT_PROCESSOR_LIMITS, ...processor };
  const { workersMax } = limits;
  const workersPerStage = replicasOn(limits, availableParallelism());
  const host = openHost();
  try {
    const reading = await host.read().catch(() => null);
    const memoryBytesMax =
      placement?.memoryBytesMax ??
      (reading === null ? undefined : Math.floor(reading.memoryTotalBytes * MEMORY_SHARE));
    return {
      provider: EXECUTION_PROVIDER,
      workersPerStage,
      workersMax,
      stagesMax: placement?.stagesMax ?? Math.max(1, Math.floor(workersMax / workersPerStage)),
      ...(reading !== null && { cores: reading.cpuCount, memoryBytes: reading.memoryTotalBytes }),
      ...(memoryBytesMax !== undefined && { memoryBytesMax }),
    };
  } finally {
    host.close();
  }
}
