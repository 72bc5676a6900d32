/** What every simulated node has of the world, whatever its host. */

import { readPipelineHere } from "../node/agent/read-pipeline.js";
import type { NodeWorld } from "../node/world.js";
import { nodeSystem } from "../runtime/node-system.js";
import { createSimulatedMetrics } from "./simulated-metrics.js";
import { SERVICES } from "./workload.js";
import type { SimulatedProcess } from "./simulated-process.js";

type Parts = Pick<
  NodeWorld,
  | "executor"
  | "openHost"
  | "openDecisions"
  | "readPipeline"
  | "openPictures"
  | "firstId"
  | "askId"
  | "nonce"
  | "nameKey"
  | "adopt"
  | "members"
>;

/** @param randomId 1 to 2^50, from the seed */
export function worldOf(process: SimulatedProcess, randomId: () => number): Parts {
  return {
    executor: process.executor,
    openHost: createSimulatedMetrics,
    openDecisions: null,
    // Each host knows all services, whichever it offers.
    readPipeline: (text, name) => readPipelineHere(text, name, SERVICES),
    openPictures: null,
    firstId: randomId,
    askId: randomId,
    nonce: () => `nonce-${randomId()}-${randomId()}`,
    nameKey: null,
    adopt: (system) => process.onKilled(() => nodeSystem(system).abandon()),
    members: null,
  };
}
