/** Tables on their way: made, sent to every node, sent again until each has acknowledged the newest. */

import type { NodeName } from "../../task/identity.js";
import type { Ctx, Of, State } from "./state.js";
import { buildTable } from "./table.js";

export function publish(state: State, reason: string, ctx: Ctx): void {
  state.epoch++;
  const table = buildTable(state.sources, {
    term: state.term,
    epoch: state.epoch,
    publishedAtMs: ctx.now(),
    fallback: state.options.fallback,
  });
  state.retained.table = table;
  for (const node of state.acknowledgements.names()) sendTable(state, node, ctx);
  armResend(state, ctx);
  state.options.listener?.tell({
    type: "tablePublished",
    epoch: table.epoch,
    reason,
    sources: [...state.changed],
  });
  state.changed = new Set();
}

export function sendTable(state: State, node: NodeName, ctx: Ctx): void {
  const { table } = state.retained;
  if (table === null) return;
  const controller = state.acknowledgements.send(node, table.epoch, ctx.monotonic());
  controller?.tell({ type: "installTable", table, replyTo: ctx.self }, "control");
}

export function armResend(state: State, ctx: Ctx): void {
  const { table } = state.retained;
  if (table === null) return;
  const dueInMs = state.acknowledgements.nextDueInMs(table.epoch, ctx.monotonic());
  if (dueInMs !== null) ctx.after("resend", dueInMs, { type: "resend" });
}

export function onResend(state: State, ctx: Ctx): void {
  const { table } = state.retained;
  if (table === null) return;
  for (const node of state.acknowledgements.due(table.epoch, ctx.monotonic())) sendTable(state, node, ctx);
  armResend(state, ctx);
}

export function onTableInstalled(state: State, { node, epoch }: Of<"tableInstalled">, ctx: Ctx): void {
  const afterMs = state.acknowledgements.acknowledge(node, epoch, ctx.monotonic());
  if (afterMs === null) state.ignored++;
  else state.options.listener?.tell({ type: "tableAcknowledged", epoch, node, afterMs });
}

export function onTableRefused(state: State, message: Of<"tableRefused">, ctx: Ctx): void {
  const { node, epoch, heldEpoch, heldTerm } = message;
  if (state.retained.table?.epoch !== epoch || !state.acknowledgements.has(node)) {
    state.ignored++;
  } else if (heldEpoch >= epoch || heldTerm > state.term) {
    // A node has one hub at a time, so the scheduler that it hears from is the one to follow, whatever its clock says.
    state.epoch = Math.max(state.epoch, heldEpoch);
    if (heldTerm > state.term) state.term = heldTerm + 1;
    publish(state, `node ${node} holds epoch ${heldEpoch} of term ${heldTerm}`, ctx);
  } else if (!state.acknowledgements.isFenced(node)) {
    state.acknowledgements.fence(node);
    ctx.log.error("A node refuses the table", { node, epoch });
  }
}
