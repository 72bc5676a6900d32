/** A cloud and its edges as nodes of one process, joined in memory: the whole system for one machine, tests and demos. */

import type { Logger } from "../runtime/log.js";
import { createControl, type Control } from "../operator/control.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import { parseNodeName, type SourceId } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";
import type { ServiceDeclaration } from "../task/service.js";
import type { Store } from "../storage/results/store.js";
import { createLocalMembers, type LocalMembers } from "./local-members.js";
import type { NodeOptions } from "./node-options.js";
import { startNodeIn, type SluiceNode } from "./node.js";
import type { SourceOptions } from "./sources.js";
import { createRealWorld } from "./world.js";

/** What a cluster in one process is made of. */
export interface LocalClusterOptions extends Pick<
  NodeOptions,
  "flush" | "policies" | "policyFiles" | "policyLimits" | "limits" | "delivery" | "onSchedule"
> {
  readonly store: Store;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir?: string | null;
  /** Names of the edges; default one, `edge-1`. */
  readonly edges?: readonly string[];
  /** Name of the cloud; default `cloud`. */
  readonly cloud?: string;
  /** Hears of the sources and stages of all nodes. */
  readonly onEvent?: (event: NodeEvent) => void;
  /** A failure of a node beyond all supervision. Default: that node is terminated. */
  readonly onFailure?: (error: Error) => void;
  readonly log?: Logger;
}

/** A cloud and its edges in one process, over no network. */
export interface LocalCluster extends Control {
  readonly cloud: SluiceNode;
  readonly edges: readonly SluiceNode[];
  /** Starts a source on `edge`, the first one where none is named. @throws SluiceError `policy-invalid` */
  addSource(options: SourceOptions, edge?: SluiceNode): Promise<void>;
  /** Of the sources that run now. */
  ledgers(): Promise<readonly LedgerReported[]>;
  /** Resolves once every source added so far has ended, was drained or has failed. */
  sourcesEnded(): Promise<void>;
  /** Captures no more and resolves once every task is settled. */
  drain(): Promise<void>;
  /** Stops everything, the cloud last. What was not settled stays unsettled. */
  terminate(): Promise<void>;
}

/**
 * Starts all nodes; resolves once each has registered with the scheduler.
 *
 * @throws RuntimeError `address-invalid` where a name is none; TypeError where two nodes have one name
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { store, edges: names = ["edge-1"] } = options;
  const members = createLocalMembers(parseNodeName(options.cloud ?? "cloud"));
  const nodes: SluiceNode[] = [];
  const start = async (name: string): Promise<SluiceNode> => {
    const world = createRealWorld();
    // Policies of this package end by themselves: a thread for them would cost each cluster of a test its start.
    const openDecisions = options.policyFiles === undefined ? null : world.openDecisions;
    const own = nodeOptionsOf(options, name, members);
    const node = await startNodeIn({ ...world, openDecisions, members }, own);
    nodes.push(node);
    return node;
  };
  try {
    const cloud = await start(members.cloud);
    for (const name of names) await start(name);
    return assemble(cloud, nodes.slice(1), store);
  } catch (error) {
    await terminateAll(nodes);
    throw error;
  }
}

/** What all nodes have in common, and of the cloud what it alone has. */
function nodeOptionsOf(
  { store, edges: _edges, cloud: _cloud, ...options }: LocalClusterOptions,
  name: string,
  members: LocalMembers,
): NodeOptions {
  return { ...options, name, ...(name === members.cloud && { store }) };
}

function assemble(cloud: SluiceNode, edges: readonly SluiceNode[], store: Store): LocalCluster {
  /** Those that run, and where. */
  const sources = new Map<SourceId, SluiceNode>();
  return {
    ...createControl(cloud.system, cloud.name, () => store.nextPosition),
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

    terminate: () => terminateAll([cloud, ...edges]),
  };
}

/** The cloud, which was started first, goes last. */
async function terminateAll([cloud, ...edges]: readonly SluiceNode[]): Promise<void> {
  for (const edge of edges) await edge.terminate();
  await cloud?.terminate();
}
