/** Whether the node that captured a task vouches for it, before anything of it counts. */

import type { Context } from "../../runtime/behaviour.js";
import type { NodeName } from "../../task/identity.js";
import { originNode } from "../../task/origin.js";
import { isSynthetic } from "../../task/synthetic.js";
import type { Closing, Vouched } from "../../task/task.js";
import { warn, type Message, type State } from "./state.js";
import type { Standing } from "./voucher-port.js";

/** What the node that vouches for a delivery is to its source; `none` where nobody does, which is counted and logged. */
export function standingOf(state: State, delivery: Vouched, ctx: Context<Message>): Standing {
  const { vouchers } = state.given;
  return standingBy(state, delivery, (node) => vouchers.isVouched(node, delivery), ctx);
}

/** The same of the end of an incarnation. */
export function standingOfClosing(state: State, closing: Closing, ctx: Context<Message>): Standing {
  const { vouchers } = state.given;
  return standingBy(state, closing, (node) => vouchers.isClosingVouched(node, closing), ctx);
}

function standingBy(
  state: State,
  { id, origin }: Pick<Vouched, "id" | "origin">,
  isBy: (node: NodeName) => boolean,
  ctx: Context<Message>,
): Standing {
  const node = originNode(id.sourceId, origin);
  // No node has a synthetic source: what is said of one is no record of anything.
  const may = node !== null && !isSynthetic(id.sourceId) && isBy(node);
  const standing = may ? state.given.vouchers.standing(node, id) : "none";
  if (standing === "none") refuse(state, origin, ctx);
  return standing;
}

/** Whether a task is one of the hub's own, that measures the cluster; where it claims to be and is not, that is counted and logged. */
export function isOwnSynthetic(state: State, delivery: Vouched, ctx: Context<Message>): boolean {
  const { node, vouchers } = state.given;
  const { id, origin } = delivery;
  const own = originNode(id.sourceId, origin) === node && vouchers.isVouched(node, delivery);
  if (!own) refuse(state, origin, ctx);
  return own;
}

function refuse(state: State, origin: string, ctx: Context<Message>): void {
  state.retained.unvouched += 1;
  const { unvouched } = state.retained;
  warn(
    state,
    "Tasks are refused as the node of their source does not vouch for them",
    { unvouched, origin },
    ctx,
  );
}
