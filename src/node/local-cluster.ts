/** A cloud and its edges as nodes of one process, joined in memory: the whole system for one machine, tests and demos. */

import type { Logger } from "../runtime/log.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import { createLocalMesh } from "../transport/local-mesh.js";
import { startComponents, type Components, type ComponentsOptions, type NodeLimits } from "./components.js";
import type { SourceOptions } from "./sources.js";
import { controlFrom, type Control } from "../operator/control.js";
import type { FlushOptions } from "../actors/distributor/spawn.js";
import type { Store } from "../storage/results/store.js";
import type { LedgerReported } from "../task/reports.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { BoundPolicy } from "../actors/scheduler/policy.js";
import { parseNodeName, type NodeName, type SourceId } from "../task/identity.js";
import type { ServiceDeclaration } from "../task/service.js";

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

export interface LocalNode extends Components {
  readonly name: NodeName;
  readonly system: ActorSystem;
  /** Stops everything on this node, children first. What was not settled stays unsettled. */
  terminate(): Promise<void>;
}

export interface LocalCluster extends Control {
  readonly cloud: LocalNode;
  readonly edges: readonly LocalNode[];
  /** Starts a source on `edge`, the first one where none is named. @throws SluiceError `policy-invalid` */
  addSource(options: SourceOptions, edge?: LocalNode): Promise<void>;
  ledgers(): Promise<readonly LedgerReported[]>;
  /** Resolves once every source added so far is at its end, drained or beyond mending. */
  sourcesEnded(): Promise<void>;
  /** Captures no more and resolves once every task is settled. */
  drain(): Promise<void>;
  terminate(): Promise<void>;
}

export function startLocalCluster(options: LocalClusterOptions): LocalCluster {
  const mesh = createLocalMesh();
  const cloudName = parseNodeName(options.cloud ?? "cloud");

  function startNode(name: NodeName, ofRole: Pick<ComponentsOptions, "role" | "store">): LocalNode {
    const system = createActorSystem({
      name,
      ...(options.log && { log: options.log }),
      onFailure(error) {
        components.unregister();
        mesh.leave(name);
        for (const node of nodes) if (node.name !== name) node.nodeGone(name, { left: false });
        if (options.onFailure === undefined) void system.terminate();
        else options.onFailure(error);
      },
    });
    mesh.join(system);
    const components = startComponents({
      ...ofRole,
      system,
      cloud: cloudName,
      services: options.services,
      modelDir: options.modelDir ?? null,
      ...(options.flush && { flush: options.flush }),
      ...(options.policies && { policies: options.policies }),
      ...(options.limits && { limits: options.limits }),
      ...(options.onEvent && { onEvent: options.onEvent }),
    });
    return {
      ...components,
      name,
      system,
      async terminate() {
        components.unregister();
        await system.terminate();
        mesh.leave(name);
        for (const node of nodes) if (node.name !== name) node.nodeGone(name, { left: false });
      },
    };
  }

  const cloud = startNode(cloudName, { role: "cloud", store: options.store });
  const edges = (options.edges ?? ["edge-1"]).map((name) => startNode(parseNodeName(name), { role: "edge" }));
  const nodes = [cloud, ...edges];
  linkMonitors(nodes);
  /** Those that run. */
  const sources = new Map<SourceId, LocalNode>();

  return {
    ...controlFrom(cloud.system, cloudName, () => options.store.nextPosition),
    cloud,
    edges,

    async addSource(source, edge = edges[0] ?? cloud) {
      await edge.addSource(source);
      sources.set(source.id, edge);
      void edge.sourceEnded(source.id).then(() => sources.delete(source.id));
    },

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

function linkMonitors(nodes: readonly LocalNode[]): void {
  for (const { name, monitor, system } of nodes) {
    const peers = nodes
      .filter((node) => node.name !== name)
      .map((node) => [node.name, system.resolve<MonitorMessage>(`sluice://${node.name}/monitor`)] as const);
    monitor.tell({ type: "watchLinks", peers: Object.fromEntries(peers) });
  }
}
