/** Tables on their way: made, sent to every node, sent again until each has acknowledged the newest. */

import { EPOCHS_A_TERM } from "../../task/epoch.js";
import type { NodeName } from "../../task/identity.js";
import { routeSources } from "./route-loaded.js";
import type { Ctx, Of, State } from "./state.js";
import { buildTable } from "./table.js";

/** A store that was lost may have counted so many terms; a node of its cluster holds a table of the last one. */
const TERM_LEAP_MAX = 10_000;
const EPOCH_LEAP_MAX = TERM_LEAP_MAX * EPOCHS_A_TERM;
/** Of one node; a scheduler that has once moved past what is held need not do it again. */
const LEAPS_MAX = 8;
/** All leaps of all nodes together stay below 2^48, which is what a node takes for an epoch. */
const LEAPING_NODES_MAX = 1_000;

export function publish(state: State, reason: string, ctx: Ctx): void {
  state.epoch++;
  const nowMs = ctx.monotonic();
  const routed = routeSources(state, nowMs);
  const head = {
    term: state.term,
    epoch: state.epoch,
    publishedAtMs: ctx.now(),
    fallback: state.options.fallback,
  };
  const table = buildTable(state.sources, routed, head, state.retained.table);
  state.retained.table = table;
  state.retained.plans = new Map(
    [...state.sources].flatMap(([id, { plan }]) => (plan === null ? [] : [[id, plan]])),
  );
  state.loaded.expect(table.deployments, nowMs);
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
  } else if ((heldEpoch >= epoch || heldTerm > state.term) && mayLeap(state, message)) {
    // A node has one hub at a time, so the scheduler that it hears from is the one to follow, whatever its clock says.
    state.leaps.set(node, (state.leaps.get(node) ?? 0) + 1);
    state.epoch = Math.max(state.epoch, heldEpoch);
    if (heldTerm > state.term) state.term = heldTerm + 1;
    publish(state, `node ${node} holds epoch ${heldEpoch} of term ${heldTerm}`, ctx);
  } else if (!state.acknowledgements.isFenced(node)) {
    state.acknowledgements.fence(node);
    ctx.log.error("A node refuses the table", { node, epoch });
  }
}

/**
 * Whether to move past what a node says that it holds. It may lie: so no claim takes epochs and terms near their end, and none
 * has tables published again and again.
 */
function mayLeap(state: State, { node, heldEpoch, heldTerm }: Of<"tableRefused">): boolean {
  const leaps = state.leaps.get(node);
  return (
    (leaps ?? 0) < LEAPS_MAX &&
    (leaps !== undefined || state.leaps.size < LEAPING_NODES_MAX) &&
    heldTerm - state.term <= TERM_LEAP_MAX &&
    heldEpoch - state.epoch <= EPOCH_LEAP_MAX
  );
}
