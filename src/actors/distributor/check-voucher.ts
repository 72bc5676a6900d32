/** Whether the node that captured a task vouches for it, before anything of it counts. */

import type { Context } from "../../runtime/behaviour.js";
import type { NodeName } from "../../task/identity.js";
import { originNode } from "../../task/origin.js";
import type { Closing, Vouched } from "../../task/task.js";
import { warn, type Message, type State } from "./state.js";

export function isVouched(state: State, delivery: Vouched, ctx: Context<Message>): boolean {
  const { vouchers } = state.given;
  return isVouchedBy(state, delivery, (node) => vouchers.isVouched(node, delivery), ctx);
}

export function isClosingVouched(state: State, closing: Closing, ctx: Context<Message>): boolean {
  const { vouchers } = state.given;
  return isVouchedBy(state, closing, (node) => vouchers.isClosingVouched(node, closing), ctx);
}

/** Counts and logs what nobody vouches for, or a node to which the source does not belong. */
function isVouchedBy(
  state: State,
  { id, origin }: Pick<Vouched, "id" | "origin">,
  isBy: (node: NodeName) => boolean,
  ctx: Context<Message>,
): boolean {
  const node = originNode(id.sourceId, origin);
  if (node !== null && isBy(node) && state.given.vouchers.owns(node, id)) return true;
  state.retained.unvouched += 1;
  const { unvouched } = state.retained;
  warn(
    state,
    "Tasks are refused as the node of their source does not vouch for them",
    { unvouched, origin },
    ctx,
  );
  return false;
}
