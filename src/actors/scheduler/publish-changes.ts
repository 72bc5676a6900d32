/** What was decided becomes a table, and from then on outcomes are credited to it. */

import type { SourceId } from "../../task/identity.js";
import { creditRoute } from "./credit.js";
import { changeOf } from "./plan-history.js";
import { publish } from "./publish-table.js";
import type { Ctx, State } from "./state.js";

/** Publishes a table where anything has changed since the one before. */
export function publishChanges(state: State, reason: string, ctx: Ctx): void {
  if (state.changed.size === 0) return;
  const { changed } = state;
  publish(state, reason, ctx);
  for (const id of changed) creditFrom(state, id, ctx);
}

/** From now on outcomes of the source are credited to the plan that was published last, and to no earlier one; and it is remembered why. */
function creditFrom(state: State, id: SourceId, ctx: Ctx): void {
  const entry = state.sources.get(id);
  if (entry === undefined || entry.plan === null) return;
  const isRecalled = state.recalled.get(id) === entry.plan;
  state.recalled.delete(id);
  if (!isRecalled) {
    const change = changeOf(entry, entry.plan, { atMs: ctx.now(), epoch: state.epoch });
    state.retained.history.add(id, change);
    state.retained.memory?.changes.add(id, change);
  }
  creditRoute(state, id, ctx);
}
