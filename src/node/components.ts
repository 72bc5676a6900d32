/**
 * Wires the components of one node, in its actor system.
 *
 * An edge runs a controller, its processors, a monitor and the generators of the sources beside it; the cloud runs the
 * distributor and the scheduler too. Nobody holds a pointer across nodes: the rest of the cluster is found by address.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import { nodeSystem } from "../runtime/node-system.js";
import type { ActorSystem } from "../runtime/system.js";
import { spawnController } from "../actors/controller/spawn.js";
import { spawnDistributor } from "../actors/distributor/spawn.js";
import type { HostMetrics } from "../actors/monitor/host-metrics.js";
import { spawnMonitor } from "../actors/monitor/spawn.js";
import { spawnProcessors } from "../actors/processor/spawn.js";
import type { StartWorker } from "../actors/processor/worker-port.js";
import { controllerAddress, type ControllerMessage } from "../actors/protocol/controller.js";
import type { DistributorMessage, TaskSettled } from "../actors/protocol/distributor.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { DecisionPort } from "../actors/scheduler/decision-port.js";
import type { PlanMemoryPort } from "../actors/scheduler/plan-memory-port.js";
import type { HostedSources } from "../actors/scheduler/retained.js";
import { spawnScheduler } from "../actors/scheduler/spawn.js";
import type { Journals } from "../storage/journal/journal.js";
import { newestRepairs } from "../storage/repairs.js";
import { epochBefore } from "../task/epoch.js";
import type { NodeName } from "../task/identity.js";
import { offers, type ModelFile, type NodeCapacity, type Offer, type StageNeeds } from "../task/offers.js";
import type { SourceOrders } from "../task/requests.js";
import type { ServiceDeclaration } from "../task/service.js";
import { createEventForwarder } from "./event-forwarder.js";
import type { NodeOptions } from "./node-options.js";
import type { TaskPicture } from "../task/picture.js";
import { isSynthetic } from "../task/synthetic.js";
import type { Task } from "../task/task.js";
import type { Vouch } from "../task/voucher.js";
import { createOwnCheck, type Speakers } from "./vouching.js";
import { createRegistration } from "./registration.js";
import { createSources, type OwnSources } from "./sources.js";
import { recoverUndeliveredTasks } from "./undelivered-tasks.js";

export interface ComponentsOptions extends Pick<
  NodeOptions,
  | "store"
  | "flush"
  | "retention"
  | "decisionMs"
  | "sampleMs"
  | "moveLimits"
  | "limits"
  | "delivery"
  | "onEvent"
  | "onSchedule"
  | "onOutcome"
> {
  readonly system: ActorSystem;
  readonly role: "edge" | "cloud";
  /** The node that has the distributor and the scheduler. */
  readonly cloud: NodeName;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir: string | null;
  /** What is in it. */
  readonly models: readonly ModelFile[];
  /** Of the largest model that it fetches from the hub, in bytes. Default: it fetches none. */
  readonly fetchBytesMax?: number;
  readonly capacity: NodeCapacity;
  /** Vouches for the tasks of the sources here. */
  readonly vouch: Vouch;
  /** Of the node that is the cloud: how it checks who vouches for what, and to whom sources belong. */
  readonly speakers?: Speakers;
  /** Of the node that is the cloud: what asks policies. Default: the scheduler itself. */
  readonly decisions?: DecisionPort;
  /** Of the node that is the cloud: what outlives it of what it decides. Default: nothing. */
  readonly memory?: PlanMemoryPort;
  /** Of the node that is the cloud: what operators said of sources. Default: nothing, and it ends with the process. */
  readonly orders?: SourceOrders;
  /** Of the node that is the cloud: sources that any of several nodes may capture. Default: none, and they end with the process. */
  readonly hosted?: HostedSources;
  /** Of the cloud: the scheduler's term, one more for each scheduler over its store. Default 1. */
  readonly term?: number;
  /** Whether another node can be sent anything now. Default: every one can. */
  readonly reachable?: (node: NodeName) => boolean;
  /** Whether messages to a node go there straight, and not through the hub. Default: all do. */
  readonly isDirect?: (node: string) => boolean;
  /** Where tasks that are not settled outlive the node. Default: they are kept in memory alone. */
  readonly journals?: Journals;
  /** Is given a frame of each task that is made here. Default: nobody looks. */
  readonly show?: (picture: TaskPicture) => void;
  /** What runs services. Default: worker threads. */
  readonly startWorker?: StartWorker;
  /** Default: the machine's own figures. */
  readonly openHost?: () => HostMetrics;
}

/** The components of a node, as the node itself deals with them. */
export interface Components {
  readonly sources: OwnSources;
  readonly controller: ActorRef<ControllerMessage>;
  readonly monitor: ActorRef<MonitorMessage>;
  readonly distributor: ActorRef<DistributorMessage>;
  /** Registers this node and its sources again: a scheduler that has restarted knows nobody. */
  register(): void;
  /** Nothing is placed on this node any more. */
  unregister(): void;
  /** Another node is gone: what it may have had of the sources here is delivered again. */
  nodeGone(node: NodeName, how: { readonly left: boolean }): void;
  nodeBack(node: NodeName): void;
}

/**
 * Starts the components of a node and makes them known to the scheduler.
 *
 * @throws TypeError where the node is the cloud and has no store, or nobody to ask who speaks for a source
 */
export function startComponents(options: ComponentsOptions): Components {
  const { system, cloud, services, models, fetchBytesMax, limits = {}, journals, delivery } = options;
  const { name } = system;
  const fetches = fetchBytesMax !== undefined;
  const offer: Offer = {
    services: fetches ? [...services.keys()] : loadable(services, models),
    models,
    ...(fetches && { fetchBytesMax }),
  };
  // What the hub keeps is known once it is asked.
  const canLoad = (stage: StageNeeds): boolean =>
    fetches ? services.has(stage.service) : offers(offer, stage);
  const listener = system.spawn(createEventForwarder<NodeEvent>(options.onEvent ?? (() => {})), {
    name: "listener",
  });
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);
  if (name === cloud) startCloud(options, scheduler);
  const processors = spawnProcessors(system, {
    node: name,
    clock: system.clock,
    services,
    modelDir: options.modelDir,
    log: system.log,
    ...(options.startWorker && { startWorker: options.startWorker }),
    ...(limits.processor && { limits: limits.processor }),
  });
  const controller = spawnController(system, {
    node: name,
    cloud,
    offers: canLoad,
    processors,
    distributor,
    scheduler,
    listener,
    vouched: voucherCheckOf(options),
    ...(options.reachable && { reachable: options.reachable }),
    ...(limits.controller && { limits: limits.controller }),
    memory: nodeSystem(system).memory,
  });
  const monitor = spawnMonitor(system, {
    node: name,
    scheduler,
    controller,
    ...(options.openHost && { openHost: options.openHost }),
    ...(options.sampleMs !== undefined && { intervalMs: options.sampleMs }),
    ...(options.isDirect && { isDirect: options.isDirect }),
    repairs: () => newestRepairs(options.store?.repairs ?? [], journals?.repairs ?? []),
    failures: () => [options.store?.failure, journals?.failure].flatMap((failure) => failure ?? []),
  });
  const registration = createRegistration({
    system,
    scheduler,
    node: { name, role: options.role, ...offer, capacity: options.capacity },
    controller: system.resolve(controllerAddress(name)),
    onRefused: (id, error) => sources.refuse(id, error),
  });
  const sources: OwnSources = createSources({
    system,
    cloud,
    services,
    offers: canLoad,
    registration,
    controller,
    distributor,
    listener,
    vouch: options.vouch,
    ...(options.show && { show: options.show }),
    ...(journals && { journals }),
    ...(delivery && { delivery }),
  });
  registration.announce();
  recoverUndeliveredTasks(system);

  return {
    sources,
    controller,
    monitor,
    distributor,
    register: () => registration.announce(),
    unregister: () => registration.withdraw(),
    nodeGone: (node, { left }) => sources.tellOfNode({ type: "nodeGone", node, left }),
    nodeBack: (node) => sources.tellOfNode({ type: "nodeBack", node }),
  };
}

/** The cloud can tell of every node whether it vouches for a task, and any other one of itself. */
function voucherCheckOf({
  system,
  cloud,
  vouch,
  speakers,
}: ComponentsOptions): (node: NodeName, task: Task) => boolean {
  const isOwn = createOwnCheck(vouch);
  return (node, task) => {
    // Nobody else has any.
    if (isSynthetic(task.id.sourceId) && node !== cloud) return false;
    if (node === system.name) return isOwn(task);
    if (speakers === undefined) return true;
    // Of one that had the source before, the distributor says what becomes of it.
    return speakers.vouchers.isVouched(node, task) && speakers.vouchers.standing(node, task.id) !== "none";
  };
}

/** Services that this node can load: of those that need a model, there must be one at all. */
function loadable(
  services: ReadonlyMap<string, ServiceDeclaration>,
  models: readonly ModelFile[],
): readonly string[] {
  return [...services.values()]
    .filter(({ model }) => model === undefined || models.length > 0)
    .map(({ name }) => name);
}

/** Starts what the cloud alone has: the scheduler, found by everyone as `scheduler`, and the distributor. */
function startCloud(options: ComponentsOptions, scheduler: ActorRef<SchedulerMessage>): void {
  const {
    system,
    store,
    speakers,
    orders,
    hosted,
    flush,
    decisions,
    memory,
    onSchedule,
    onOutcome,
    term = 1,
  } = options;
  const { name } = system;
  if (store === undefined || speakers === undefined) {
    throw new TypeError(
      `Cannot start cloud node "${name}" without a store and what says who speaks for sources`,
    );
  }
  spawnScheduler(system, {
    node: name,
    term,
    epoch: epochBefore(term),
    fallback: name,
    owners: speakers.owners,
    written: () => speakers.vouchers.written(),
    ...(orders && { orders }),
    ...(hosted && { hosted }),
    ...(decisions && { decisions }),
    ...(memory && { memory }),
    ...(options.decisionMs !== undefined && { intervalMs: options.decisionMs }),
    ...(options.moveLimits && { moveLimits: options.moveLimits }),
    ...(onSchedule && {
      listener: system.spawn(createEventForwarder(onSchedule), { name: "schedule-listener" }),
    }),
  });
  spawnDistributor(system, {
    node: name,
    store,
    vouchers: speakers.vouchers,
    scheduler,
    ...(onOutcome && {
      observer: system.spawn<null, TaskSettled>(
        createEventForwarder(({ outcome }) => onOutcome(outcome)),
        { name: "outcome-listener" },
      ),
    }),
    ...(flush && { flush }),
    memory: nodeSystem(system).memory,
    ...(options.retention && { retention: options.retention }),
  });
}
