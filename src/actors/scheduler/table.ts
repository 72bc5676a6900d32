/** Builds a routing table of what is decided. */

import type { PipelineId, SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { RoutingTable, SourceRoute } from "../task/routing-table.js";
import type { SourceEntry } from "./source-plan.js";

/** A table of all sources that have a plan, with the pipelines that they use and no others. */
export function buildTable(
  entries: ReadonlyMap<SourceId, SourceEntry>,
  head: Omit<RoutingTable, "pipelines" | "sources">,
): RoutingTable {
  const pipelines = new Map<PipelineId, Pipeline>();
  const sources = new Map<SourceId, SourceRoute>();
  for (const [id, { description, plan }] of entries) {
    if (plan === null) continue;
    pipelines.set(description.pipeline.id, description.pipeline);
    sources.set(id, { pipelineId: description.pipeline.id, ...plan });
  }
  return { ...head, pipelines, sources };
}
