/** Starts the scheduler of a cluster. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { SchedulerEvent, SchedulerMessage } from "../protocol/scheduler.js";
import type { NodeName } from "../../task/identity.js";
import type { SourceOrders } from "../../task/requests.js";
import { SOURCES_OF_NODE_MAX } from "../../task/limits.js";
import type { MoveLimits } from "../../scheduling/move-budget.js";
import { createPolicies } from "../../scheduling/policies.js";
import type { DecisionPort } from "./decision-port.js";
import { createInlineDecisions } from "./inline-decisions.js";
import type { PlanMemoryPort } from "./plan-memory-port.js";
import { createSchedulerRetained, type HostedSources } from "./retained.js";
import type { OwnersPort } from "./owners-port.js";
import { createScheduler } from "./scheduler.js";

/** Between decisions, in ms. */
export const DEFAULT_DECISION_MS = 1_000;

export interface SchedulerSpawnOptions {
  /** Where the scheduler runs. */
  readonly node: NodeName;
  /** Higher than that of any scheduler before it. */
  readonly term: number;
  /** Below the epoch of every table that it publishes, and above those of any scheduler before it. Default 0. */
  readonly epoch?: number;
  /** Where a stage runs that has no other place: the cloud. */
  readonly fallback: NodeName;
  /** To which node each source belongs. */
  readonly owners: OwnersPort;
  /** What operators said of sources before. Default: nothing, and it ends with the process. */
  readonly orders?: SourceOrders;
  /** Sources that any of several nodes may capture, from before. Default: none, and they end with the process. */
  readonly hosted?: HostedSources;
  /** Resolves once it is durable to whom sources belong; null where it is. Default: it always is. */
  readonly written?: () => Promise<void> | null;
  /** Between decisions, in ms. Default 1,000. */
  readonly intervalMs?: number;
  /** How often stages may move, in a minute. Default 6 times a source, and 120 times in all. */
  readonly moveLimits?: Partial<MoveLimits>;
  /** What outlives the process of what it decides. Default: nothing. */
  readonly memory?: PlanMemoryPort;
  /** Asks policies. Default: those built in, on the scheduler's own thread. */
  readonly decisions?: DecisionPort;
  /** Receives an event for every table that is published or acknowledged. */
  readonly listener?: ActorRef<SchedulerEvent>;
  /** Nodes beyond this are refused. Default 1,000. */
  readonly nodesMax?: number;
  /** Sources beyond this are refused. Default 10,000. */
  readonly sourcesMax?: number;
  /** Sources of one node beyond this are refused. Default 256: more than one machine reads and decodes. */
  readonly sourcesPerNodeMax?: number;
  /** Pipelines that the sources of one node walk, by name and version. Default 32. */
  readonly pipelinesPerNodeMax?: number;
}

/** Starts the actor `scheduler` under `parent`. A restart keeps what is registered and counts on from the epoch. */
export function spawnScheduler(parent: Spawner, options: SchedulerSpawnOptions): ActorRef<SchedulerMessage> {
  const behaviour = createScheduler(
    {
      term: options.term,
      epoch: options.epoch ?? 0,
      fallback: options.fallback,
      decisions: options.decisions ?? createInlineDecisions(createPolicies()),
      intervalMs: options.intervalMs ?? DEFAULT_DECISION_MS,
      moveLimits: options.moveLimits ?? {},
      nodesMax: options.nodesMax ?? 1_000,
      sourcesMax: options.sourcesMax ?? 10_000,
      sourcesPerNodeMax: options.sourcesPerNodeMax ?? SOURCES_OF_NODE_MAX,
      pipelinesPerNodeMax: options.pipelinesPerNodeMax ?? 32,
      owners: options.owners,
      ...(options.written && { written: options.written }),
      listener: options.listener ?? null,
    },
    createSchedulerRetained(options.orders, options.memory, options.hosted),
  );
  return parent.spawn(behaviour, {
    name: "scheduler",
    restart: "permanent",
    mailbox: { capacity: 50_000, overflow: "reject" },
  });
}
