/** How the distributor learns who speaks for a task: behind it are keys, which no behaviour sees. */

import type { NodeName, TaskId } from "../../task/identity.js";
import type { Closing, Vouched } from "../../task/task.js";

export interface VoucherPort {
  /** Whether the voucher of the delivery is the node's. */
  isVouched(node: NodeName, delivery: Vouched): boolean;
  /** The same of the end of an incarnation. */
  isClosingVouched(node: NodeName, closing: Closing): boolean;
  /** Whether the incarnation of its source belongs to the node; a source that nobody has does from now on. */
  owns(node: NodeName, task: TaskId): boolean;
  /** Resolves once it is durable to whom each source belongs, so that no crash gives one with results to another node; null where it is. */
  written(): Promise<void> | null;
}
