/** A cloud and its edges as nodes of one process, joined in memory: the whole system for one machine, tests and demos. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Logger } from "../runtime/log.js";
import { createMemoryCarrier } from "../transport/memory.js";
import type { FlushOptions } from "./distributor/spawn.js";
import type { Store } from "./distributor/store.js";
import { startNode, type NodeLimits, type NodeOptions, type SluiceNode, type SourceOptions } from "./node.js";
import { observer, type ObserverMessage } from "./observer/observer.js";
import type { RunSummary } from "./observer/run-statistics.js";
import type {
  LedgerReported,
  MonitorMessage,
  NodeEvent,
  PolicyReply,
  PolicySpec,
  SchedulerMessage,
  TableReported,
} from "./protocol.js";
import type { BoundPolicy } from "./scheduler/policy.js";
import type { SourceId } from "./task/identity.js";
import { parseNodeName } from "./task/identity.js";
import type { Pipeline } from "./task/pipeline.js";
import type { ServiceDeclaration } from "./task/service.js";

export interface LocalClusterOptions {
  readonly store: Store;
  /** How results are gathered into durable writes. */
  readonly flush?: FlushOptions;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir?: string | null;
  /** Names of the edges; default one, `edge-1`. */
  readonly edges?: readonly string[];
  readonly cloud?: string;
  /** Policies besides the built-in ones. @see bindPolicy */
  readonly policies?: readonly BoundPolicy[];
  /** Of every node. */
  readonly limits?: NodeLimits;
  readonly onEvent?: (event: NodeEvent) => void;
  readonly onFailure?: (error: Error) => void;
  readonly log?: Logger;
}

export interface LocalCluster {
  readonly cloud: SluiceNode;
  readonly edges: readonly SluiceNode[];
  /** Starts a source on `edge`, the first one where none is named. @throws SluiceError `policy-invalid` */
  addSource(options: SourceOptions, edge?: SluiceNode): Promise<void>;
  /** Follows the run from now on: totals, latencies, where stages ran. */
  observe(pipelines: readonly Pipeline[]): { report(): Promise<RunSummary> };
  /** @throws SluiceError `policy-invalid` with the text of what is wrong */
  setPolicy(sourceId: SourceId, policy: PolicySpec): Promise<void>;
  table(): Promise<TableReported>;
  ledgers(): Promise<readonly LedgerReported[]>;
  /** Resolves once every source added so far is at its end, drained or beyond mending. */
  sourcesEnded(): Promise<void>;
  /** Captures no more and resolves once every task is settled. */
  drain(): Promise<void>;
  terminate(): Promise<void>;
}

export function startLocalCluster(options: LocalClusterOptions): LocalCluster {
  const carrier = createMemoryCarrier();
  const cloudName = parseNodeName(options.cloud ?? "cloud");
  const common = {
    cloud: cloudName,
    carrier,
    services: options.services,
    modelDir: options.modelDir ?? null,
    ...(options.limits && { limits: options.limits }),
    ...(options.onEvent && { onEvent: options.onEvent }),
    ...(options.onFailure && { onFailure: options.onFailure }),
    ...(options.log && { log: options.log }),
  } satisfies Omit<NodeOptions, "name" | "role">;

  const cloud = startNode({
    ...common,
    name: cloudName,
    role: "cloud",
    store: options.store,
    ...(options.flush && { flush: options.flush }),
    ...(options.policies && { policies: options.policies }),
  });
  const edges = (options.edges ?? ["edge-1"]).map((name) =>
    startNode({ ...common, name: parseNodeName(name), role: "edge" }),
  );
  const nodes = [cloud, ...edges];
  linkMonitors(nodes);
  const scheduler = cloud.system.resolve<SchedulerMessage>(`sluice://${cloudName}/scheduler`);
  /** Those that run. */
  const sources = new Map<SourceId, SluiceNode>();
  let observers = 0;

  return {
    cloud,
    edges,

    async addSource(source, edge = edges[0] ?? cloud) {
      await edge.addSource(source);
      sources.set(source.id, edge);
      void edge.sourceEnded(source.id).then(() => sources.delete(source.id));
    },

    observe(pipelines) {
      const ref: ActorRef<ObserverMessage> = cloud.system.spawn(
        observer({
          distributor: cloud.system.resolve(`sluice://${cloudName}/distributor`),
          fromPosition: options.store.nextPosition,
          pipelines: new Map(pipelines.map((pipeline) => [`${pipeline.id}@${pipeline.version}`, pipeline])),
        }),
        { name: `observer-${(observers += 1)}` },
      );
      return {
        report: () =>
          cloud.system.ask<ObserverMessage, RunSummary>(ref, (replyTo) => ({ type: "reportRun", replyTo })),
      };
    },

    async setPolicy(sourceId, policy) {
      const reply = await cloud.system.ask<SchedulerMessage, PolicyReply>(scheduler, (replyTo) => ({
        type: "setPolicy",
        sourceId,
        policy,
        replyTo,
      }));
      if (reply.type === "policyRefused") throw reply.error;
    },

    table: () =>
      cloud.system.ask<SchedulerMessage, TableReported>(scheduler, (replyTo) => ({
        type: "reportTable",
        replyTo,
      })),

    ledgers: async () =>
      (await Promise.all([...new Set(sources.values())].map((node) => node.ledgers()))).flat(),

    async sourcesEnded() {
      await Promise.all([...sources].map(([id, node]) => node.sourceEnded(id)));
    },

    async drain() {
      await Promise.all([...sources].map(([id, node]) => node.drainSource(id)));
    },

    async terminate() {
      for (const edge of edges) await edge.terminate();
      await cloud.terminate();
    },
  };
}

function linkMonitors(nodes: readonly SluiceNode[]): void {
  for (const { name, monitor, system } of nodes) {
    const peers = nodes
      .filter((node) => node.name !== name)
      .map((node) => [node.name, system.resolve<MonitorMessage>(`sluice://${node.name}/monitor`)] as const);
    monitor.tell({ type: "watchLinks", peers: Object.fromEntries(peers) });
  }
}
