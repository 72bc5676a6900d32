/** Builds a routing table of what is decided. */

import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Pause } from "../../task/requests.js";
import type { RoutingTable, SourceRoute } from "../../task/routing-table.js";
import type { Routed } from "./route-loaded.js";
import type { SourceEntry } from "./source-plan.js";

/**
 * A table of all sources that have a plan, with the pipelines that they use and no others.
 *
 * @param before the one that this replaces, from which pauses of policies go on; null where there is none
 */
export function buildTable(
  entries: ReadonlyMap<SourceId, SourceEntry>,
  { sources: routings, deployments }: Pick<Routed, "sources" | "deployments">,
  head: Omit<RoutingTable, "pipelines" | "sources" | "deployments">,
  before: RoutingTable | null = null,
): RoutingTable {
  const pipelines = new Map<string, Pipeline>();
  const sources = new Map<SourceId, SourceRoute>();
  for (const [id, { description, plan }] of entries) {
    const routing = routings.get(id);
    if (routing === undefined) continue;
    const { id: pipelineId, version: pipelineVersion } = description.pipeline;
    const { configuration, placement, loading } = routing;
    pipelines.set(pipelineKeyText(pipelineId, pipelineVersion), description.pipeline);
    const pause = pauseOf({ description, plan }, before?.sources.get(id)?.pause, head.publishedAtMs);
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

/**
 * Why a source captures nothing now; undefined where it captures. What an operator says goes before what its policy decides.
 *
 * @param before what the table has said of it until now
 */
export function pauseOf(
  { description, plan }: Pick<SourceEntry, "description" | "plan">,
  before: Pause | undefined,
  nowMs: number,
): Pause | undefined {
  if (description.pause !== undefined || plan?.pause === undefined) return description.pause;
  const { reason, flushes } = plan.pause;
  const sinceMs = before?.by === "policy" ? before.sinceMs : nowMs;
  return { sinceMs, reason, by: "policy", ...(flushes && { flushes }) };
}
