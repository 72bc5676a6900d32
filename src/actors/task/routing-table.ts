/** The routing table: what the scheduler decided, immutable, under a strictly increasing epoch. */

import type { Configuration } from "./configuration.js";
import type { NodeName, PipelineId, SourceId, StageId } from "./identity.js";
import type { Pipeline } from "./pipeline.js";

export interface SourceRoute {
  readonly pipelineId: PipelineId;
  readonly configuration: Configuration;
  /** For each stage the nodes that may run it, most wanted first. */
  readonly placement: ReadonlyMap<StageId, readonly NodeName[]>;
}

export interface RoutingTable {
  /** The scheduler's own term: a table of an older term is refused whatever its epoch. */
  readonly term: number;
  /** Strictly increasing within a term and across terms; 0 is "no table yet". */
  readonly epoch: number;
  readonly publishedAtMs: number;
  readonly pipelines: ReadonlyMap<PipelineId, Pipeline>;
  readonly sources: ReadonlyMap<SourceId, SourceRoute>;
  /** Where a stage runs that has no other place. */
  readonly fallback: NodeName;
}
