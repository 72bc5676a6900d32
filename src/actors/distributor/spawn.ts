/** Starts the distributor of a node. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import { createDistributor } from "./distributor.js";
import type { VoucherPort } from "./voucher-port.js";
import { createDistributorRetained, type DistributorOptions, type FlushOptions } from "./state.js";

export type { FlushOptions, VoucherPort };

/**
 * Starts the actor `distributor`. It does not own the store: close that after the actor has stopped.
 *
 * Its mailbox takes more than may wait to be stored, so that the bound is the distributor's own and is counted there.
 */
export function spawnDistributor(parent: Spawner, options: DistributorOptions): ActorRef<DistributorMessage> {
  return parent.spawn(createDistributor(options, createDistributorRetained(options)), {
    name: "distributor",
    mailbox: { capacity: 20_000, overflow: "reject" },
    restart: "permanent",
  });
}
