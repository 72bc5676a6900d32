/** Builds a routing table of what is decided. */

import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { RoutingTable, SourceRoute } from "../../task/routing-table.js";
import type { Routed } from "./route-loaded.js";
import type { SourceEntry } from "./source-plan.js";

/** A table of all sources that have a plan, with the pipelines that they use and no others. */
export function buildTable(
  entries: ReadonlyMap<SourceId, SourceEntry>,
  { sources: routings, deployments }: Pick<Routed, "sources" | "deployments">,
  head: Omit<RoutingTable, "pipelines" | "sources" | "deployments">,
): RoutingTable {
  const pipelines = new Map<string, Pipeline>();
  const sources = new Map<SourceId, SourceRoute>();
  for (const [id, { description }] of entries) {
    const routing = routings.get(id);
    if (routing === undefined) continue;
    const { id: pipelineId, version: pipelineVersion } = description.pipeline;
    const { configuration, placement, loading } = routing;
    pipelines.set(pipelineKeyText(pipelineId, pipelineVersion), description.pipeline);
    const { pause } = description;
    sources.set(id, {
      pipelineId,
      pipelineVersion,
      configuration,
      placement,
      ...(loading && { loading }),
      ...(pause && { pause }),
    });
  }
  return { ...head, pipelines, sources, deployments };
}
