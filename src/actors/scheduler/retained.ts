/** What survives a restart of the scheduler: nobody would announce it again, and an epoch never goes back. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { NodeDescription, PolicySpec, SourceDescription, SourceOrders } from "../../task/requests.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import { PlanHistory } from "./plan-history.js";
import type { RoutingTable } from "../../task/routing-table.js";

/** Owned by one scheduler actor at a time. What it learned beyond this, it learns again. */
export interface SchedulerRetained {
  /** The nodes that are registered. */
  readonly nodes: Map<
    NodeName,
    { readonly description: NodeDescription; readonly controller: ActorRef<ControllerMessage> }
  >;
  /** The sources that are registered, each with the policy in force. */
  readonly sources: Map<SourceId, SourceDescription>;
  /** What operators said of sources, also of those whose node is away. Outlives the process where the cloud keeps its trust. */
  readonly orders: SourceOrders;
  /** What the policy of each source has learned, as plain data; it goes on from there. */
  readonly policies: Map<SourceId, { readonly policy: PolicySpec; readonly state: unknown }>;
  readonly history: PlanHistory;
  /** The newest one published. */
  table: RoutingTable | null;
}

export function createSchedulerRetained(orders: SourceOrders = new Map()): SchedulerRetained {
  return {
    nodes: new Map(),
    sources: new Map(),
    orders,
    policies: new Map(),
    history: new PlanHistory(),
    table: null,
  };
}
