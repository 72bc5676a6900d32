/**
 * A node in its process: an actor system, its way into a cluster, and the components of its role.
 *
 * `listen` makes it a hub, with the scheduler and the store; `join` makes it a member of another one's cluster; without
 * either it is a cluster of one. What runs on it does not differ.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import { systemClock } from "../runtime/clock.js";
import type { SpawnOptions } from "../runtime/spawn-options.js";
import type { ActorSystem } from "../runtime/system.js";
import type { Cluster, RemoteSpawnOptions } from "../transport/cluster/cluster.js";
import type { RetentionOptions } from "../actors/protocol/distributor.js";
import { ClusterClock } from "../transport/cluster-clock.js";
import { listModelFiles } from "../services/model-files.js";
import type { LevelJournals } from "../storage/journal/level-journals.js";
import type { OpenPlanMemory } from "../storage/hub/plan-memory.js";
import type { Trust } from "../storage/trust/trust.js";
import { parseNodeName, type NodeName } from "../task/identity.js";
import type { Vouch } from "../task/voucher.js";
import type { ServiceDeclaration } from "../task/service.js";
import { readPipelineHere } from "./agent/read-pipeline.js";
import type { RequestContext } from "./agent/source-request.js";
import { capacityOf } from "./capacity.js";
import { startComponents, type Components, type ComponentsOptions } from "./components.js";
import { drainNode, type DrainOptions } from "./drain.js";
import { becomeHub, joinHub } from "./enter-cluster.js";
import { followCluster, takeHubTime } from "./follow-cluster.js";
import { checkTokens, sourcePolicyOf, type NodeOptions } from "./node-options.js";
import { openVouching } from "./open-vouching.js";
import { spawnOwnAgent } from "./own-agent.js";
import { beginDecisions } from "./open-decisions.js";
import { createProbes } from "./open-probe.js";
import { openOwnJournal } from "./own-journal.js";
import type { DecisionThread } from "../actors/scheduler/decision-thread.js";
import { identityOf, memoryOf, storeOf } from "./own-store.js";
import { createNodeSystem, type Holdings } from "./node-holdings.js";
import { openOwnModels } from "./models/own-models.js";
import { picturesOf } from "./pictures/own-pictures.js";
import { createRequestedSources } from "./requested-sources.js";
import type { NodeSources } from "./sources.js";
import { createRealWorld, type NodeWorld } from "./world.js";

/** A node that runs, for the program that started it. */
export interface SluiceNode extends NodeSources {
  readonly name: NodeName;
  readonly system: ActorSystem;
  /** The node that has the scheduler and the store. */
  readonly cloud: NodeName;
  /** Null of a node by itself, and of the nodes of one process. */
  readonly cluster: Cluster | null;
  /** Vouches for the delivery of a task, as the sources of this node do: for programs that make tasks by themselves. */
  readonly vouch: Vouch;
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
  /** Starts a behaviour that is registered on another node, by its name. */
  spawn<Message>(behaviour: string, options: RemoteSpawnOptions): Promise<ActorRef<Message>>;
  /** Stops an actor that was spawned so, wherever it runs. */
  stop(target: ActorRef<never>): Promise<void>;
  /** Makes a behaviour known by name to whoever may spawn on this node; `build` must check `args`, which are outside data. */
  registerBehaviour<State, Message>(name: string, build: (args: unknown) => Behaviour<State, Message>): void;
  /**
   * Takes nothing new, has the sources here capture no more, and finishes or hands on what there is of others; the node is then
   * to be terminated. With a journal the sources go on with the next node that has it.
   *
   * @returns tasks of others that are left; 0 where everything is done
   */
  drain(options: DrainOptions): Promise<number>;
  /**
   * Reads the files with policies of one's own again, which take over where all of them are well.
   *
   * @throws SluiceError `policy-invalid`: those in force stay; TypeError of a node that has no such files
   */
  reloadPolicies(): Promise<void>;
  /** Of the cloud: so much of its store is kept from now on. */
  retain(retention: RetentionOptions): void;
  /** Leaves the cluster and stops everything here, children first. What was not settled stays unsettled. */
  terminate(): Promise<void>;
}

const NO_SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map();

/**
 * Starts a node; resolves once it is a member of its cluster.
 *
 * @throws TransportError `listen-failed`, `connect-failed`, `token-missing`, or why the hub refuses it
 */
export async function startNode(options: NodeOptions): Promise<SluiceNode> {
  checkTokens(options);
  return await startNodeIn(createRealWorld(), options);
}

/** Starts a node in a world of the caller's, who answers for who may join. @see startNode */
export async function startNodeIn(world: NodeWorld, options: NodeOptions): Promise<SluiceNode> {
  const name = parseNodeName(options.name);
  const { services = NO_SERVICES, join } = options;
  const clock = new ClusterClock(options.clock ?? systemClock);
  const held: Holdings = {
    cluster: null,
    hub: null,
    components: null,
    agent: null,
    journals: null,
    trust: null,
    decisions: null,
    memory: null,
  };
  const system = createNodeSystem(world, options, { clock, held });
  world.adopt?.(system);
  world.members?.join(system);
  const isCloud = join === undefined && (world.members?.cloud ?? name) === name;
  const opening = isCloud ? beginDecisions(world, options) : null;
  try {
    // Whose it is says which cluster the node may join.
    const own = await openOwnJournal(options, { node: name, clock, log: system.log });
    held.journals = own?.journals ?? null;
    if (join !== undefined) {
      held.cluster = await joinHub(system, world, { ...options, join }, own);
      await takeHubTime(clock, held.cluster);
    }
    const store = storeOf(options, isCloud, system);
    const identity = await identityOf(options, store, held.cluster);
    await own?.claim(identity);
    const journals = held.journals ?? world.journals;
    const cloud = held.cluster?.hub ?? world.members?.cloud ?? name;
    const vouching = await openVouching(world, { system, cluster: held.cluster, store });
    held.trust = vouching.cloud?.trust ?? null;
    const term = await store?.beginTerm();
    held.memory = await memoryOf(store, system, options);
    const decisions = (await opening?.opened()) ?? null;
    held.decisions = decisions?.thread ?? null;
    const pictures = picturesOf(world, system, held);
    const role = cloud === name || options.roles?.includes("cloud") === true ? "cloud" : "edge";
    const components = startComponents({
      ...(pictures && { show: (picture) => pictures.show(picture) }),
      ...componentsOptionsOf(world, options, held),
      ...openOwnModels(options, { world, system, cloud, held }),
      models: await listModelFiles(options.modelDir ?? null),
      capacity: await capacityOf(world, role, options.limits),
      system,
      cloud,
      role,
      services,
      vouch: vouching.vouch,
      ...(vouching.cloud && {
        speakers: vouching.cloud.speakers,
        orders: vouching.cloud.trust.orders,
        hosted: vouching.cloud.trust.hosted,
      }),
      ...(store && { store }),
      ...(term !== undefined && { term }),
      ...(decisions && { decisions: decisions.port }),
      ...(held.memory && { memory: held.memory }),
      ...(journals && { journals }),
    });
    held.components = components;
    const sourcePolicy = sourcePolicyOf(options);
    // A program that orders its own node harms none but itself.
    const readPipeline = sourcePolicy === "any" ? readPipelineHere : world.readPipeline;
    const { stagedSource } = world;
    const requests: RequestContext = { services, readPipeline, sourcePolicy, stagedSource };
    const requested = createRequestedSources({
      system,
      controller: components.controller,
      sources: components.sources,
      journals,
      context: requests,
      onEvent(event) {
        held.agent?.tell(event);
        options.onEvent?.(event);
      },
    });
    held.agent = spawnOwnAgent({
      ...options,
      system,
      components,
      requested,
      openProbe: createProbes({ system, cloud, components, vouch: vouching.vouch }),
      services,
      pictures,
      cluster: () => held.cluster,
      hub: () => held.hub,
    });
    // Its actors are there before the first one that may tell them something.
    if (vouching.cloud !== null && held.cluster === null) {
      const { keys, trust } = vouching.cloud;
      const { names, sessions } = trust;
      held.hub = await becomeHub(system, world, options, { keys, names, sessions, ...identity });
      held.cluster = held.hub;
    }
    if (held.cluster !== null) {
      followCluster({ system, clock, cluster: held.cluster, components, onCluster: options.onCluster });
    }
    world.members?.follow(system, components);
    await requested.resume();
    return assemble({ ...held, world, system, cloud, components, vouch: vouching.vouch });
  } catch (error) {
    await held.cluster?.leave();
    await system.terminate();
    world.members?.leave(name);
    await held.journals?.close();
    await held.trust?.close();
    await opening?.close();
    await held.memory?.close();
    throw error;
  }
}

/** What components have of the world and of the options as they are. */
function componentsOptionsOf(
  world: NodeWorld,
  options: NodeOptions,
  held: Holdings,
): Omit<ComponentsOptions, "system" | "cloud" | "role" | "services" | "models" | "capacity" | "vouch"> {
  const { retention, decisionMs, sampleMs, moveLimits } = options;
  const { flush, delivery, limits, onSchedule, onOutcome, modelDir = null } = options;
  return {
    modelDir,
    openHost: world.openHost,
    reachable: (node) => held.cluster?.members.has(node) ?? true,
    isDirect: (node) => held.cluster?.links.some(({ peer }) => peer === node) ?? true,
    onEvent(event) {
      held.agent?.tell(event);
      options.onEvent?.(event);
    },
    ...(flush && { flush }),
    ...(retention && { retention }),
    ...(decisionMs !== undefined && { decisionMs }),
    ...(sampleMs !== undefined && { sampleMs }),
    ...(moveLimits && { moveLimits }),
    ...(delivery && { delivery }),
    ...(limits && { limits }),
    ...(onSchedule && { onSchedule }),
    ...(onOutcome && { onOutcome }),
  };
}

interface Parts {
  readonly world: NodeWorld;
  readonly system: ActorSystem;
  readonly cloud: NodeName;
  readonly cluster: Cluster | null;
  readonly components: Components;
  readonly journals: LevelJournals | null;
  readonly trust: Trust | null;
  readonly decisions: DecisionThread | null;
  readonly memory: OpenPlanMemory | null;
  readonly vouch: Vouch;
}

function assemble({
  world,
  system,
  cloud,
  cluster,
  components,
  journals,
  trust,
  decisions,
  memory,
  vouch,
}: Parts): SluiceNode {
  const needed = (): Cluster => {
    if (cluster === null)
      throw new TypeError(`Cannot reach other nodes from "${system.name}": it has no hub`);
    return cluster;
  };
  return {
    ...components.sources,
    name: system.name,
    system,
    cloud,
    cluster,
    vouch,
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
    drain: (drainOptions) => drainNode(system, components, drainOptions),
    async reloadPolicies() {
      if (decisions === null) throw new TypeError(`Node "${system.name}" has no policies that could be read`);
      await decisions.reload();
    },
    retain: (retention) => components.distributor.tell({ type: "retain", retention }),
    async terminate() {
      components.unregister();
      await cluster?.leave();
      await system.terminate();
      world.members?.leave(system.name);
      await journals?.close();
      await trust?.close();
      await decisions?.close();
      await memory?.close();
    },
  };
}
