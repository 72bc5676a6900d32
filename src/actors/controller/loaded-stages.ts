/** What this node has loaded, and what it could not load, as the scheduler is told it: so it routes by what is, and not by hope. */

import { stageKeyText } from "../../task/identity.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import type { RoutingTable } from "../../task/routing-table.js";
import type { Router } from "./state.js";

/** Tells the scheduler all that is loaded, where that has changed since. */
export function reportLoaded({ retained, node, scheduler }: Router): void {
  if (!retained.loadedChanged) return;
  retained.loadedChanged = false;
  const loaded = [...retained.inboxes.values()].filter((inbox) => inbox.loaded);
  const stages = loaded.map(({ key }) => key);
  const models = loaded.flatMap(({ model }) => model ?? []).slice(0, MODEL_LIMITS.inUseMax);
  scheduler.tell({ type: "stagesLoaded", node, stages, ...(models.length > 0 && { models }) }, "control");
}

/** Says again what is deployed here and failed: a scheduler that has started anew does not know it. */
export function repeatFailures({ retained, node, scheduler, ctx }: Router, table: RoutingTable): void {
  if (retained.failed.size === 0) return;
  for (const { stage, nodes } of table.deployments) {
    const failed = nodes.includes(node) ? retained.failed.get(stageKeyText(stage)) : undefined;
    const retryInMs = Math.ceil((failed?.retryAtMs ?? 0) - ctx.monotonic());
    if (failed === undefined || retryInMs <= 0) continue;
    const failure = { stage, reason: failed.error.message, retryInMs };
    scheduler.tell({ type: "stageUnavailable", node, failure }, "control");
  }
}
