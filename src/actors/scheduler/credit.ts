/** To which plan outcomes are credited: to the one in force, once all of it is routed so. */

import type { SourceId } from "../../task/identity.js";
import { sameRoute } from "../../scheduling/plan.js";
import type { Ctx, State } from "./state.js";

/** From now on outcomes of the source count for its plan, and for no earlier one; none while some of its stages still run elsewhere. */
export function creditRoute(state: State, id: SourceId, ctx: Ctx): void {
  const entry = state.sources.get(id);
  if (entry === undefined || entry.plan === null) return;
  const route = state.retained.table?.sources.get(id);
  const isWhole = route !== undefined && sameRoute(route, entry.plan);
  const { version: pipelineVersion } = entry.description.pipeline;
  const { configuration } = entry.plan;
  const from = isWhole ? { epoch: state.epoch, atMs: ctx.now() } : { epoch: Infinity, atMs: Infinity };
  entry.window.restart({ configuration, pipelineVersion, ...from }, ctx.monotonic());
}
