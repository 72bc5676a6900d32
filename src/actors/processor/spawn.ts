/** Starts the processors of a node: binds worker threads, and never gives a processor up while its node runs. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";
import type { SupervisionPolicy } from "../../runtime/spawn-options.js";
import type { ProcessorsMessage } from "../protocol/processor.js";
import type { NodeName } from "../../task/identity.js";
import type { ServiceDeclaration } from "../../task/service.js";
import { DEFAULT_PROCESSOR_LIMITS, replicasOf, type ProcessorLimits } from "./processor-limits.js";
import { createProcessors, createProcessorsRetained } from "./processors.js";
import { startWorker as startThread } from "./worker-host.js";
import { createWorkerRoom } from "./worker-room.js";
import type { StartWorker } from "./worker-port.js";

export type { ProcessorLimits };

export interface SpawnProcessorsOptions {
  readonly node: NodeName;
  readonly clock: Pick<Clock, "after">;
  /** What this node can run, by service name. */
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  /** Folder of the models that the user brought; null where none was named. */
  readonly modelDir: string | null;
  readonly limits?: Partial<ProcessorLimits>;
  /** Default: worker threads. */
  readonly startWorker?: StartWorker;
  /** Told where there are more stages than workers may be. Default: nobody. */
  readonly log?: Logger;
}

/** The controller keeps what a processor was given, so a restart loses nothing: backoff ends at 5 s, attempts never. */
const SUPERVISION: SupervisionPolicy = {
  strategy: "oneForOne",
  intensity: 1_000,
  periodMs: 10_000,
  backoff: { minMs: 10, maxMs: 5_000, factor: 2, jitter: 0.2 },
};

/** A worker takes no more than all of this process does: so much has to be left of the machine, or of the container. */
function hasMemory(): boolean {
  return process.availableMemory() > process.memoryUsage.rss();
}

/** Starts the supervisor of a node's processors as the child `processors`. */
export function spawnProcessors(
  parent: Spawner,
  { node, clock, services, modelDir, limits: given, startWorker = startThread, log }: SpawnProcessorsOptions,
): ActorRef<ProcessorsMessage> {
  const wanted: ProcessorLimits = { ...DEFAULT_PROCESSOR_LIMITS, ...given };
  const limits = { ...wanted, replicas: replicasOf(wanted) };
  const { workersMax, loadingMax } = limits;
  let evictions = 0;
  const room = createWorkerRoom({
    clock,
    startWorker,
    workersMax,
    loadingMax,
    onEvicted(stage) {
      evictions += 1;
      if (Math.log2(evictions) % 1 !== 0) return;
      log?.warn("A stage has lost its worker to another one, as there are more stages than workers may be", {
        stage,
        workersMax,
        evictions,
      });
    },
  });
  const options = { node, services, modelDir, limits, startWorker: room, hasMemory };
  return parent.spawn(createProcessors(options, createProcessorsRetained()), {
    name: "processors",
    supervision: SUPERVISION,
  });
}
