/** An operator's way into a cluster: a member that runs no components, and asks the others. */

import { systemClock } from "../runtime/clock.js";
import { silentLogger, type Logger } from "../runtime/log.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import { randomFirstId, unguessableId } from "../runtime/unguessable.js";
import { createWsCarrier } from "../transport/carriers/ws.js";
import type { Cluster } from "../transport/cluster/cluster.js";
import { joinCluster } from "../transport/cluster/joiner.js";
import type { CheckCluster } from "../transport/link/dialer-handshake.js";
import { TransportError } from "../transport/errors.js";
import { OPERATOR_SILENCE_MS } from "../transport/link/link-limits.js";
import { createAgentClient, type AgentClient } from "./agent-client.js";
import { createControl, type Control } from "./control.js";
import { askNode } from "../actors/guard/ask-node.js";
import { guardFor } from "../actors/guard/guard.js";
import {
  ALARMS_REPORTED,
  NODES_REPORTED,
  QUERY_REPLY,
  STATEMENT_REPLY,
  TOTALS_REPORTED,
} from "../actors/guard/replies.js";
import type { AlarmsMessage } from "../actors/protocol/alarms.js";
import type { AlarmReport } from "../task/hub-events.js";
import type { DistributorMessage, TotalsReported } from "../actors/protocol/distributor.js";
import type { NodesReported, SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { RecordPage } from "../storage/results/store.js";
import type { StoreStatement } from "../task/record-chain.js";
import type { ResultQuery } from "../task/record.js";
import { parseNodeName, type NodeName, type SourceId } from "../task/identity.js";
import { probeCluster, type ProbeOptions } from "./probe.js";
import type { ProbeReport } from "./probe-report.js";
import { auditRun, type AuditReport } from "../audit/audit.js";
import { auditInputOfCluster, type OnSilent } from "./cluster-audit.js";

/** Which hub, and who asks. */
export interface OperatorOptions {
  /** `ws://HOST:PORT` or `wss://HOST:PORT` of the hub. */
  readonly hub: string;
  /** `ID.SECRET` of the role `operator`; null where the hub wants none. */
  readonly token: string | null;
  /** PEM text of certificate authorities besides the machine's, for a hub with a certificate of its own. */
  readonly authorities?: string;
  /**
   * Where the hub is by now, and the token for it, asked before each attempt to come back to it; null where that is not known. Default:
   * as at first.
   */
  readonly lookAgain?: () => Promise<{ readonly url: string; readonly token: string | null } | null>;
  /** Default: silent. */
  readonly log?: Logger;
}

/** A connection to a cluster from outside, and what it lets a program ask and order. */
export interface Operator extends Control {
  readonly system: ActorSystem;
  readonly cluster: Cluster;
  /** Every node that the scheduler knows, with its newest sample. */
  nodes(): Promise<NodesReported>;
  /** What the store counts, by source. */
  totals(): Promise<TotalsReported>;
  /** What the store says of itself, under its key. @throws SluiceError `store-corrupt`, `distributor-busy` */
  statement(): Promise<StoreStatement>;
  /** A page of records, as of a store: `iterateRecords` reads them all. @throws SluiceError `store-corrupt` */
  query(query: ResultQuery): Promise<RecordPage>;
  /**
   * Whether the stored records add up, of one source or of all, beside what the nodes have in flight.
   *
   * @param onSilent is told of a node that does not answer: its tasks in flight may show as lost
   * @throws SluiceError `store-corrupt`
   */
  audit(sourceId?: SourceId | null, onSilent?: OnSilent): Promise<AuditReport>;
  /** The alarms of the hub that are raised now, oldest first. */
  alarms(): Promise<readonly AlarmReport[]>;
  /** Says that the alarms of a rule are known, or those about one thing. @returns those that are raised now */
  acknowledgeAlarms(alarm: string, about?: string): Promise<readonly AlarmReport[]>;
  /**
   * Measures the cluster: round trips from here to each node, and, like a source that runs, synthetic tasks through its pipeline, which are no
   * results, and of which neither policies nor retention nor alarms know. It ends by itself where the cluster is loaded.
   *
   * @throws SluiceError `source-missing`; `probe-refused` where the cluster is being measured already
   */
  probe(options: ProbeOptions): Promise<ProbeReport>;
  /** What a node can be asked. */
  agent(node: NodeName): AgentClient;
  /** Leaves the cluster; nothing else is stopped by it. */
  close(): Promise<void>;
}

/** @throws TransportError `connect-failed`, or why the hub refuses */
export async function connectOperator(options: OperatorOptions): Promise<Operator> {
  const suffix = unguessableId().toString(36).slice(0, 8);
  const system = createActorSystem({
    name: `operator-${suffix}`,
    log: options.log ?? silentLogger,
    firstId: randomFirstId(),
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
      ...(options.lookAgain && { lookAgain: options.lookAgain }),
      roles: ["operator"],
      guard: guardFor({ of: "operator" }),
      checkCluster: sameCluster(options.hub),
      limits: { silenceMs: OPERATOR_SILENCE_MS },
      pid: process.pid,
    });
  } catch (error) {
    await system.terminate();
    throw error;
  }
  return createOperator(system, cluster);
}

/** Positions in one store say nothing of those in another, that a hub at the same address may have. */
function sameCluster(hub: string): CheckCluster {
  let first: string | null | undefined;
  return ({ clusterId }) => {
    first ??= clusterId;
    if (first === clusterId) return;
    throw new TransportError(`Cannot go on at "${hub}": the hub there is another one, with another store`, {
      code: "cluster-mismatch",
    });
  };
}

/** What an operator can do that has joined a cluster by itself: `system` and `cluster` are closed with it. */
export function createOperator(system: ActorSystem, cluster: Cluster): Operator {
  const cloud = cluster.hub;
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);

  const alarms = system.resolve<AlarmsMessage>(`sluice://${cloud}/alarms`);

  const operator: Operator = {
    ...createControl(system, cloud, () => 0, cluster),
    system,
    cluster,
    nodes: () => askNode(system, scheduler, NODES_REPORTED, (replyTo) => ({ type: "reportNodes", replyTo })),
    totals: () =>
      askNode(system, distributor, TOTALS_REPORTED, (replyTo) => ({ type: "reportTotals", replyTo })),
    async statement() {
      const reply = await askNode(system, distributor, STATEMENT_REPLY, (replyTo) => ({
        type: "reportStatement",
        replyTo,
      }));
      if (reply.type === "queryFailed") throw reply.error;
      return reply.statement;
    },
    async query(query) {
      const reply = await askNode(system, distributor, QUERY_REPLY, (replyTo) => ({
        type: "query",
        query,
        replyTo,
      }));
      if (reply.type === "queryFailed") throw reply.error;
      return reply;
    },

    async alarms() {
      const asked = await askNode(system, alarms, ALARMS_REPORTED, (replyTo) => ({
        type: "reportAlarms",
        replyTo,
      }));
      return asked.alarms;
    },
    async acknowledgeAlarms(alarm, about) {
      const asked = await askNode(system, alarms, ALARMS_REPORTED, (replyTo) => ({
        type: "acknowledgeAlarms",
        alarm,
        ...(about !== undefined && { about }),
        replyTo,
      }));
      return asked.alarms;
    },
    probe: (options) =>
      probeCluster(
        {
          system,
          cloud,
          control: operator,
          nodes: () =>
            [...cluster.members.values()]
              .filter(({ roles }) => !roles.includes("operator"))
              .map(({ name }) => parseNodeName(name)),
        },
        options,
      ),
    agent: (node) => createAgentClient(system, node, cluster),
    audit: async (sourceId = null, onSilent = () => {}) =>
      auditRun(await auditInputOfCluster(operator, sourceId, onSilent)),

    async close() {
      await cluster.leave();
      await system.terminate();
    },
  };
  return operator;
}
