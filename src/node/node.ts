/**
 * A node in its process: an actor system, its way into a cluster, and the components of its role.
 *
 * `listen` makes it a hub, with the scheduler and the store; `join` makes it a member of another one's cluster; without
 * either it is a cluster of one. What runs on it does not differ.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import { systemClock, type Clock } from "../runtime/clock.js";
import { errorText } from "../runtime/errors.js";
import type { Logger } from "../runtime/log.js";
import type { SpawnOptions } from "../runtime/spawn-options.js";
import { createActorSystem, type ActorSystem } from "../runtime/system.js";
import { isLoopback } from "../transport/carriers/ws.js";
import type {
  Cluster,
  ClusterEvent,
  Member,
  RemoteSpawnOptions,
  Role,
} from "../transport/cluster/cluster.js";
import { startHub } from "../transport/cluster/hub.js";
import { joinCluster } from "../transport/cluster/joiner.js";
import { ClusterClock } from "../transport/cluster-clock.js";
import { TransportError } from "../transport/errors.js";
import type { LinkLimits } from "../transport/link/link-limits.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { sourceOptionsOf } from "./agent/source-request.js";
import { spawnAgent, type Agent } from "./agent/spawn.js";
import { startComponents, type Components, type ComponentsOptions } from "./components.js";
import type { Journals } from "../storage/journal/journal.js";
import { drainNode, type DrainOptions } from "./drain.js";
import { followCluster } from "./follow-cluster.js";
import { openLevelJournals, type LevelJournals } from "../storage/journal/level-journals.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import { realWorld, type NodeWorld } from "./world.js";
import { parseNodeName, type NodeName } from "../task/identity.js";
import type { ServiceDeclaration } from "../task/service.js";
import { guardFor } from "../actors/guard/guard.js";

interface ListenAddress {
  /** `ws://HOST:PORT` or `wss://HOST:PORT`; port 0 takes any free one. */
  readonly url: string;
  /** Of `wss`, PEM text. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface NodeOptions extends Pick<
  ComponentsOptions,
  "store" | "flush" | "policies" | "limits" | "onSchedule" | "delivery"
> {
  readonly name: string;
  /** Where others reach this node. Of a hub: where they join. */
  readonly listen?: string | ListenAddress;
  /** The hub to join, `ws://HOST:PORT` or `wss://HOST:PORT`. */
  readonly join?: string;
  /** `ID.SECRET`, made by the hub. */
  readonly token?: string;
  /** PEM text of certificate authorities besides the machine's, for a hub with a certificate of its own. */
  readonly authorities?: string;
  /** Of a hub: who may join. Null lets in whoever comes, and is for loopback alone; the default there. */
  readonly tokens?: TokenAuthority | null;
  /** Default `cloud` of a hub and `edge` of a node that joins. */
  readonly roles?: readonly Role[];
  /** Name of the cluster: a hub gives it, a node that joins insists on it. */
  readonly cluster?: string;
  /** Keeps trying where the hub cannot be reached at first. Default false. */
  readonly patient?: boolean;
  readonly services?: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir?: string | null;
  /**
   * Folder in which the tasks of this node's sources outlive it until they are stored; the sources that an operator asked
   * for go on with the node. Default: memory alone.
   */
  readonly journal?: string;
  readonly link?: Partial<LinkLimits>;
  readonly onEvent?: (event: NodeEvent) => void;
  readonly onCluster?: (event: ClusterEvent) => void;
  /** A failure beyond all supervision: the node is of no more use. */
  readonly onFailure?: (error: Error) => void;
  /** An operator asked this node to drain; it has, and is about to leave. */
  readonly onDrained?: () => void;
  readonly version?: string;
  /** Default: sockets, worker threads and the machine's own figures. */
  readonly world?: NodeWorld;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Logger;
}

export interface SluiceNode extends Components {
  readonly name: NodeName;
  readonly system: ActorSystem;
  /** The node that has the scheduler and the store. */
  readonly cloud: NodeName;
  /** Null of a node by itself. */
  readonly cluster: Cluster | null;
  /**
   * Starts an actor: a behaviour of this process here, or one that is registered by name on the node `at`, under that
   * node's guardian. The ref works the same for both.
   *
   * @throws TransportError `behaviour-unknown`, `spawn-failed`; RuntimeError `permission-denied`, `node-unreachable`
   */
  spawn<State, Message>(
    behaviour: Behaviour<State, Message>,
    options: SpawnOptions,
  ): Promise<ActorRef<Message>>;
  spawn<Message>(behaviour: string, options: RemoteSpawnOptions): Promise<ActorRef<Message>>;
  /** Stops an actor that was spawned so, wherever it lives. */
  stop(target: ActorRef<never>): Promise<void>;
  /** Makes a behaviour known by name to whoever may spawn on this node; `build` must check `args`, which are outside data. */
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void;
  /**
   * Takes nothing new, ends the sources here, and finishes or hands on what there is of others; the node is then to be
   * terminated.
   *
   * @returns tasks of others that are left; 0 where everything is done
   */
  drain(options: DrainOptions): Promise<number>;
  /** Leaves the cluster and stops everything here, children first. What was not settled stays unsettled. */
  terminate(): Promise<void>;
}

/** For a drain that an operator asked for, in ms. */
const DRAIN_TIMEOUT_MS = 5 * 60_000;
const NO_SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map();

/**
 * Starts a node; resolves once it is a member of its cluster.
 *
 * @throws TransportError `listen-failed`, `connect-failed`, `token-missing`, or why the hub refuses it
 */
export async function startNode(options: NodeOptions): Promise<SluiceNode> {
  const name = parseNodeName(options.name);
  const listen = typeof options.listen === "string" ? { url: options.listen } : options.listen;
  const { tokens = null, join, onFailure } = options;
  const world = options.world ?? realWorld();
  const open = options.world === undefined && tokens === null && listen !== undefined;
  if (join === undefined && open && !isLoopback(listen.url)) {
    throw new TransportError(
      `Cannot listen at "${listen.url}" without tokens: beyond loopback whoever comes must prove one`,
      { code: "token-missing" },
    );
  }
  const clock = new ClusterClock(options.clock ?? systemClock);
  const system = createActorSystem({
    name,
    clock,
    // Two lives of a node have no actor in common, whatever their names.
    firstId: world.firstId(),
    askId: world.askId,
    ...(world.decorate && { decorate: world.decorate }),
    executor: world.executor,
    ...(options.random && { random: options.random }),
    ...(options.log && { log: options.log }),
    onFailure(error) {
      void cluster?.leave();
      if (onFailure === undefined) void system.terminate();
      else onFailure(error);
    },
  });
  world.adopt?.(system);
  const common = {
    carrier: world.carrier,
    ...(world.nonce && { nonce: world.nonce }),
    guard: guardFor(),
    pid: world.pid,
    ...(options.version !== undefined && { version: options.version }),
    ...(options.link && { limits: options.link }),
  };
  let levelJournals: LevelJournals | null = null;
  let cluster: Cluster | null = null;
  let agent: Agent | null = null;
  try {
    if (join !== undefined) {
      cluster = await joinCluster(system, {
        ...common,
        connect: {
          url: join,
          ...(options.authorities !== undefined && { tls: { authorities: options.authorities } }),
        },
        token: options.token ?? null,
        cluster: options.cluster ?? null,
        roles: options.roles ?? ["edge"],
        patient: options.patient ?? false,
        ...(listen && { listen }),
      });
    }
    // Not before its name is its own.
    if (options.journal !== undefined) {
      levelJournals = await openLevelJournals(options.journal, { clock, log: system.log });
    }
    const journals: Journals | null = levelJournals ?? world.journals;
    const cloud = cluster?.hub ?? name;
    const members = (): ReadonlyMap<NodeName, Member> | null => cluster?.members ?? null;
    const components = startComponents({
      system,
      cloud,
      role: cloud === name || options.roles?.includes("cloud") === true ? "cloud" : "edge",
      services: options.services ?? NO_SERVICES,
      modelDir: options.modelDir ?? null,
      ...(cloud === name && options.store && { term: await options.store.beginTerm() }),
      ...(options.store && { store: options.store }),
      ...(options.flush && { flush: options.flush }),
      ...(options.delivery && { delivery: options.delivery }),
      ...(journals && { journals }),
      startWorker: world.startWorker,
      openHost: world.openHost,
      ...(options.policies && { policies: options.policies }),
      ...(options.limits && { limits: options.limits }),
      ...(options.onSchedule && { onSchedule: options.onSchedule }),
      reachable: (node) => members()?.has(node) ?? true,
      onEvent(event) {
        agent?.tell(event);
        options.onEvent?.(event);
      },
    });
    agent = spawnAgent(system, name, {
      addSource: async (request) =>
        components.addSource(sourceOptionsOf(request, options.services ?? NO_SERVICES)),
      drainSource: (id) => components.drainSource(id),
      ledgers: () => components.ledgers(),
      async drain() {
        await drainNode({ ...components, system }, { timeoutMs: DRAIN_TIMEOUT_MS });
        // Whoever asked is answered first.
        system.clock.after(0, () => options.onDrained?.());
      },
    });
    if (join === undefined && listen !== undefined) {
      // Its actors are there before the first one that may tell them something.
      cluster = await startHub(system, {
        ...common,
        listen,
        authority: tokens,
        ...(options.cluster !== undefined && { cluster: options.cluster }),
        ...(options.roles && { roles: options.roles }),
      });
    }
    if (cluster !== null) {
      followCluster({ system, clock, cluster, components, onCluster: options.onCluster });
    }
    for (const request of (await journals?.interrupted()) ?? []) {
      await components
        .addSource(sourceOptionsOf(request, options.services ?? NO_SERVICES))
        .catch((thrown: unknown) => {
          system.log.error("Cannot go on with a source", { source: request.id, error: errorText(thrown) });
        });
    }
    return assemble({ system, cloud, cluster, components, journals: levelJournals });
  } catch (error) {
    await cluster?.leave();
    await system.terminate();
    await levelJournals?.close();
    throw error;
  }
}

interface Parts {
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  readonly cluster: Cluster | null;
  readonly components: Components;
}

function assemble({
  system,
  cloud,
  cluster,
  components,
  journals,
}: Parts & { readonly journals: LevelJournals | null }): SluiceNode {
  const needed = (): Cluster => {
    if (cluster === null) throw new TypeError(`Cannot reach other nodes from "${system.name}": it is alone`);
    return cluster;
  };
  return {
    ...components,
    name: system.name,
    system,
    cloud,
    cluster,
    async spawn<State, Message>(
      behaviour: Behaviour<State, Message> | string,
      options: SpawnOptions | RemoteSpawnOptions,
    ): Promise<ActorRef<Message>> {
      if (typeof behaviour !== "string") return system.spawn(behaviour, options);
      if ("at" in options) return needed().spawn<Message>(behaviour, options);
      throw new TypeError(`Cannot spawn "${behaviour}" by name without saying where: name a node with "at"`);
    },
    stop: (target) => cluster?.stop(target) ?? system.stop(target),
    registerBehaviour: (name, build) => needed().registerBehaviour(name, build),
    drain: (drainOptions) => drainNode({ ...components, system }, drainOptions),
    async terminate() {
      components.unregister();
      await cluster?.leave();
      await system.terminate();
      await journals?.close();
    },
  };
}
