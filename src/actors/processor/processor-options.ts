/** What a processor is made of. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { NodeName, StageKey } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { ServiceDeclaration } from "../../task/service.js";
import type { ProcessorAnswer } from "../protocol/processor.js";
import type { ProcessorLimits } from "./processor-limits.js";
import type { StartWorker } from "./worker-port.js";

export interface ProcessorOptions {
  readonly node: NodeName;
  readonly key: StageKey;
  readonly stage: Stage;
  /** Whether a stage behind it has state. */
  readonly feedsState: boolean;
  /** Null where this node does not know the service of the stage: then none can run. */
  readonly service: ServiceDeclaration | null;
  readonly modelDir: string | null;
  readonly controller: ActorRef<ProcessorAnswer>;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
  readonly hasMemory: () => boolean;
}
