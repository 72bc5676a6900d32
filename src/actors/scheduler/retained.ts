/** What survives a restart of the scheduler: nobody would announce it again, and an epoch never goes back. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { NodeDescription, SourceDescription, SourceOrders } from "../../task/requests.js";
import type { HostedSource } from "../../task/hosting.js";
import type { ModelFile } from "../../task/offers.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { Plan } from "../../scheduling/policy.js";
import { PlanHistory } from "./plan-history.js";
import type { FailureMemory, PlanMemoryPort } from "./plan-memory-port.js";
import type { RoutingTable } from "../../task/routing-table.js";

/** By source, in the order in which they were ordered. A `Map` is one that ends with the process. */
export interface HostedSources extends Iterable<readonly [SourceId, HostedSource]> {
  readonly size: number;
  get(source: SourceId): HostedSource | undefined;
  has(source: SourceId): boolean;
  set(source: SourceId, hosted: HostedSource): unknown;
  delete(source: SourceId): boolean;
}

/** Owned by one scheduler actor at a time. What it learned beyond this, it learns again. */
export interface SchedulerRetained {
  /** The nodes that are registered. */
  readonly nodes: Map<
    NodeName,
    { readonly description: NodeDescription; readonly controller: ActorRef<ControllerMessage> }
  >;
  /** The models that the hub keeps for nodes that fetch them. */
  modelsKept: readonly ModelFile[];
  /** The sources that are registered, each with the policy in force. */
  readonly sources: Map<SourceId, SourceDescription>;
  /** What operators said of sources, also of those whose node is away. Outlives the process where the cloud keeps its trust. */
  readonly orders: SourceOrders;
  /** Those that any of several nodes may capture. Outlive the process where the cloud keeps its trust. */
  readonly hosted: HostedSources;
  /** Names that nodes have taken and of which nobody has been told yet that they are theirs. */
  readonly unwritten: Set<SourceId>;
  /** What the policy of each source has learned; it goes on from there. */
  readonly kept: Map<SourceId, KeptState | null>;
  /** Of the last thing that was asked of policies; they count on, so that no answer is taken for that of another. */
  jobs: number;
  readonly history: PlanHistory;
  /** Stages that nodes could not load. Outlives the process where `memory` does. */
  readonly failures: FailureMemory;
  /** What outlives the process; null where nothing does. */
  readonly memory: PlanMemoryPort | null;
  /** The plans in force when that was published; its routes may lag behind, as stages are still to be loaded. */
  plans: ReadonlyMap<SourceId, Plan>;
  /** The newest one published. */
  table: RoutingTable | null;
}

/** @param memory default: what is decided ends with the process */
export function createSchedulerRetained(
  orders: SourceOrders = new Map(),
  memory: PlanMemoryPort | null = null,
  hosted: HostedSources = new Map(),
): SchedulerRetained {
  return {
    memory,
    hosted,
    failures: memory?.failures ?? new Map(),
    nodes: new Map(),
    modelsKept: [],
    sources: new Map(),
    orders,
    unwritten: new Set(),
    kept: new Map(),
    jobs: 0,
    history: new PlanHistory(),
    plans: new Map(),
    table: null,
  };
}
