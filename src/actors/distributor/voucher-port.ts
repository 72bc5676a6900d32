/** How the distributor learns who speaks for a task: behind it are keys, which no behaviour sees. */

import type { NodeName, TaskId } from "../../task/identity.js";
import type { Closing, Vouched } from "../../task/task.js";

/** What a node may say of a source: it captures it, it did before another one does, or before nobody does now. */
export type Standing = "holder" | "former" | "between" | "none";

export interface VoucherPort {
  /** Whether the voucher of the delivery is the node's. */
  isVouched(node: NodeName, delivery: Vouched): boolean;
  /** The same of the end of an incarnation. */
  isClosingVouched(node: NodeName, closing: Closing): boolean;
  /** What the node is to the incarnation of the source; one that nobody has is its own from now on. */
  standing(node: NodeName, task: TaskId): Standing;
  /** Resolves once it is durable to whom each source belongs, so that no crash gives one with results to another node; null where it is. */
  written(): Promise<void> | null;
}
