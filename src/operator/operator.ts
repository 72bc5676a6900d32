/** An operator's way into a cluster: a member that runs no components, and asks the others. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import { systemClock } from "../runtime/clock.js";
import { silentLogger, type Logger } from "../runtime/log.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import { firstIdOfLife, unguessableId } from "../runtime/unguessable.js";
import { createWsCarrier } from "../transport/carriers/ws.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import { joinCluster } from "../transport/cluster/joiner.js";
import { createAgentClient, type AgentClient } from "./agent-client.js";
import { createControl, type Control } from "./control.js";
import type {
  DistributorMessage,
  QueryReply,
  SubscriptionEvent,
  TotalsReported,
} from "../actors/protocol/distributor.js";
import type { NodesReported, SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { ResultQuery } from "../task/record.js";
import type { NodeName, SourceId } from "../task/identity.js";

export interface OperatorOptions {
  /** `ws://HOST:PORT` or `wss://HOST:PORT` of the hub. */
  readonly hub: string;
  readonly token: string | null;
  readonly authorities?: string;
  readonly log?: Logger;
}

export interface Operator extends Control {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** Every node that the scheduler knows, with its newest sample. */
  nodes(): Promise<NodesReported>;
  totals(): Promise<TotalsReported>;
  query(query: ResultQuery): Promise<QueryReply>;
  /** Pushes every record from `fromPosition` on to `listener`, as fast as that takes them. @returns ends it */
  follow(
    fromPosition: number,
    sourceId: SourceId | null,
    listener: (event: SubscriptionEvent) => void,
  ): () => void;
  /** What a node can be asked. */
  agent(node: NodeName): AgentClient;
  close(): Promise<void>;
}

/** Records that are under way to a follower. */
const DEMAND = 256;

/** @throws TransportError `connect-failed`, or why the hub refuses */
export async function connectOperator(options: OperatorOptions): Promise<Operator> {
  const suffix = unguessableId().toString(36).slice(0, 8);
  const system = createActorSystem({
    name: `operator-${suffix}`,
    log: options.log ?? silentLogger,
    firstId: firstIdOfLife(),
  });
  let cluster: Cluster;
  try {
    cluster = await joinCluster(system, {
      carrier: createWsCarrier({ clock: systemClock }),
      connect: {
        url: options.hub,
        ...(options.authorities !== undefined && { tls: { authorities: options.authorities } }),
      },
      token: options.token,
      roles: ["operator"],
      pid: process.pid,
    });
  } catch (error) {
    await system.terminate();
    throw error;
  }
  const cloud = cluster.hub;
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);
  let followers = 0;

  return {
    ...createControl(system, cloud, () => 0),
    system,
    cluster,
    nodes: () =>
      system.ask<SchedulerMessage, NodesReported>(scheduler, (replyTo) => ({ type: "reportNodes", replyTo })),
    totals: () =>
      system.ask<DistributorMessage, TotalsReported>(distributor, (replyTo) => ({
        type: "reportTotals",
        replyTo,
      })),
    query: (query) =>
      system.ask<DistributorMessage, QueryReply>(distributor, (replyTo) => ({
        type: "query",
        query,
        replyTo,
      })),

    follow(fromPosition, sourceId, listener) {
      const subscriber = system.spawn(forwardRecords(distributor, listener), {
        name: `follower-${(followers += 1)}`,
      });
      distributor.tell({
        type: "subscribe",
        subscriber,
        fromPosition,
        demand: DEMAND,
        ...(sourceId !== null && { sourceId }),
      });
      return () => {
        distributor.tell({ type: "unsubscribe", subscriber });
        void system.stop(subscriber);
      };
    },

    agent: (node) => createAgentClient(system, node),

    async close() {
      await cluster.leave();
      await system.terminate();
    },
  };
}

/** Asks for as many as it has handed on. */
function forwardRecords(
  distributor: ActorRef<DistributorMessage>,
  listener: (event: SubscriptionEvent) => void,
): Behaviour<number, SubscriptionEvent> {
  return {
    start: () => 0,
    receive(taken, event, ctx) {
      listener(event);
      if (event.type !== "record") return taken;
      if (taken + 1 < DEMAND / 2) return taken + 1;
      distributor.tell({ type: "demand", subscriber: ctx.self, count: taken + 1 });
      return 0;
    },
  };
}
