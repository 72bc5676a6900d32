/** Builds a routing table of what is decided. */

import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { RoutingTable, SourceRoute } from "../../task/routing-table.js";
import type { SourceEntry } from "./source-plan.js";

/** A table of all sources that have a plan, with the pipelines that they use and no others. */
export function buildTable(
  entries: ReadonlyMap<SourceId, SourceEntry>,
  head: Omit<RoutingTable, "pipelines" | "sources">,
): RoutingTable {
  const pipelines = new Map<string, Pipeline>();
  const sources = new Map<SourceId, SourceRoute>();
  for (const [id, { description, plan }] of entries) {
    if (plan === null) continue;
    const { id: pipelineId, version: pipelineVersion } = description.pipeline;
    const { configuration, placement } = plan;
    pipelines.set(pipelineKeyText(pipelineId, pipelineVersion), description.pipeline);
    const { pause } = description;
    sources.set(id, { pipelineId, pipelineVersion, configuration, placement, ...(pause && { pause }) });
  }
  return { ...head, pipelines, sources };
}
