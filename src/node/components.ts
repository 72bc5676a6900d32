/**
 * The components of one node, in its actor system, and the sources that run there.
 *
 * An edge runs a controller, its processors, a monitor and the generators of the sources beside it; the cloud runs the
 * distributor and the scheduler too. Nobody holds a pointer across nodes: the rest of the cluster is found by address.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import type { ActorSystem } from "../runtime/system.js";
import { controllerAddress, spawnController, type ControllerLimits } from "../actors/controller/spawn.js";
import { spawnDistributor, type FlushOptions } from "../actors/distributor/spawn.js";
import type { Store } from "../storage/results/store.js";
import type { Journals } from "../storage/journal/journal.js";
import { spawnGenerator, type CapturePort, type DeliveryLimits } from "../actors/generator/spawn.js";
import type { SourceSpec } from "../actors/generator/source-spec.js";
import type { HostMetrics } from "../actors/monitor/host-metrics.js";
import { spawnMonitor } from "../actors/monitor/spawn.js";
import { spawnProcessors, type ProcessorLimits } from "../actors/processor/spawn.js";
import type { StartWorker } from "../actors/processor/worker-port.js";
import type { ControllerMessage } from "../actors/protocol/controller.js";
import type { DistributorMessage } from "../actors/protocol/distributor.js";
import type { GeneratorMessage, NodeEvent } from "../actors/protocol/generator.js";
import type { MonitorMessage } from "../actors/protocol/monitor.js";
import type { PolicyReply, SchedulerEvent, SchedulerMessage } from "../actors/protocol/scheduler.js";
import type { LedgerReported } from "../task/reports.js";
import type { PolicySpec, SourceDescription, SourceRequest } from "../task/requests.js";
import type { BoundPolicy } from "../actors/scheduler/policy.js";
import { spawnScheduler } from "../actors/scheduler/spawn.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../task/configuration.js";
import { fixedNodes } from "../task/default-placement.js";
import type { NodeName, SourceId, TaskId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { ServiceDeclaration } from "../task/service.js";
import type { DropRecord, Task } from "../task/task.js";

export interface ComponentsOptions {
  readonly system: ActorSystem;
  readonly role: "edge" | "cloud";
  /** The node that has the distributor and the scheduler. */
  readonly cloud: NodeName;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly modelDir: string | null;
  /** Of the node that is the cloud: where results go. Opened and closed by whoever gives it. */
  readonly store?: Store;
  /** Of the cloud: how results are gathered into durable writes. */
  readonly flush?: FlushOptions;
  /** Of the cloud: the scheduler's term, one more for each scheduler over its store. Default 1. */
  readonly term?: number;
  /** Of the cloud: policies besides the built-in ones. @see bindPolicy */
  readonly policies?: readonly BoundPolicy[];
  /** Of the cloud: told of each table that is published and acknowledged. */
  readonly onSchedule?: (event: SchedulerEvent) => void;
  /** Bounds of the controller and of every processor; each has its default. */
  readonly limits?: NodeLimits;
  readonly onEvent?: (event: NodeEvent) => void;
  /** Whether another node can be sent anything now. Default: every one can. */
  readonly reachable?: (node: NodeName) => boolean;
  /** Where tasks that are not settled outlive the node. Default: they are kept in memory alone. */
  readonly journals?: Journals;
  /** What runs services. Default: worker threads. */
  readonly startWorker?: StartWorker;
  /** Default: the machine's own figures. */
  readonly openHost?: () => HostMetrics;
  /** Of every source here: when its tasks are delivered again. */
  readonly delivery?: Partial<DeliveryLimits>;
}

export interface NodeLimits {
  readonly controller?: Partial<ControllerLimits>;
  readonly processor?: Partial<ProcessorLimits>;
}

export interface SourceOptions {
  readonly id: SourceId;
  readonly source: SourceSpec;
  readonly pipeline: Pipeline;
  /** Default `DEFAULT_CONFIGURATION`. */
  readonly configuration?: Configuration;
  /** Default `edge-only`. */
  readonly policy?: PolicySpec;
  /** Releases frames at the source's own speed instead of as fast as they are taken. Default false. */
  readonly paced?: boolean;
  /** Tasks to make before the source ends; null, the default, for all there are. */
  readonly limit?: number | null;
  /** Bound of unsettled tasks. Default 16 tasks and 256 MiB. */
  readonly window?: { readonly tasks: number; readonly bytes: number };
  /** What captures it. Default: ffmpeg. */
  readonly capture?: CapturePort;
  /** What an operator asked for, kept with the journal. */
  readonly request?: SourceRequest;
}

export interface Components {
  readonly controller: ActorRef<ControllerMessage>;
  readonly monitor: ActorRef<MonitorMessage>;
  /**
   * Announces the source to the scheduler and starts its generator here. A scheduler that does not answer is not waited
   * for: the source runs on this node until a table says otherwise.
   *
   * @throws SluiceError `policy-invalid`, `pipeline-invalid` or `source-invalid` where the scheduler refuses it; TypeError where a source of that name runs
   */
  addSource(options: SourceOptions): Promise<void>;
  /** Resolves once the source is at its end, drained or beyond mending; at once where there is none of this name. */
  sourceEnded(id: SourceId): Promise<void>;
  /** Captures no more and resolves once every task of the source is settled. */
  drainSource(id: SourceId): Promise<void>;
  /** The accounts of the sources that run here now; one that has ended gave its last with `sourceEnded`. */
  ledgers(): Promise<readonly LedgerReported[]>;
  /** Tells the scheduler again who is here: this node, and its sources. One that has started anew knows nobody. */
  register(): void;
  /** Nothing is placed on this node any more. */
  unregister(): void;
  /** Another node is gone: what it may have had of the sources here is delivered again. */
  nodeGone(node: NodeName, how: { readonly left: boolean }): void;
  nodeBack(node: NodeName): void;
}

/** Enough to keep every stage of a pipeline busy; more only waits in queues. */
const DEFAULT_WINDOW = { tasks: 16, bytes: 256 * 1024 * 1024 };
const DEFAULT_POLICY: PolicySpec = { name: "edge-only", parameters: {} };
/** Tables that a scheduler may publish before it comes near the epochs of the next one. */
const EPOCHS_A_TERM = 1_000_000;
const REGISTRATION_MS = 1_000;

/** Starts the components of a node and makes them known to the scheduler. */
export function startComponents(options: ComponentsOptions): Components {
  const { system, cloud, services } = options;
  const { name } = system;
  const listener = system.spawn(forward<NodeEvent>(options.onEvent ?? (() => {})), { name: "listener" });
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);

  if (name === cloud) {
    if (options.store === undefined) throw new TypeError(`Cannot start cloud node "${name}" without a store`);
    const { store, flush, policies, onSchedule } = options;
    const term = options.term ?? 1;
    spawnScheduler(system, {
      node: name,
      term,
      epoch: (term - 1) * EPOCHS_A_TERM,
      fallback: name,
      ...(policies && { policies }),
      ...(onSchedule && { listener: system.spawn(forward(onSchedule), { name: "schedule-listener" }) }),
    });
    spawnDistributor(system, { node: name, store, scheduler, ...(flush && { flush }) });
  }
  const { limits = {} } = options;
  const processors = spawnProcessors(system, {
    node: name,
    services,
    modelDir: options.modelDir,
    ...(options.startWorker && { startWorker: options.startWorker }),
    ...(limits.processor && { limits: limits.processor }),
  });
  const controller = spawnController(system, {
    node: name,
    cloud,
    services: new Set(services.keys()),
    processors,
    distributor,
    listener,
    ...(options.reachable && { reachable: options.reachable }),
    ...(limits.controller && { limits: limits.controller }),
  });
  const monitor = spawnMonitor(system, {
    node: name,
    scheduler,
    controller,
    ...(options.openHost && { openHost: options.openHost }),
  });
  const generators = new Map<SourceId, ActorRef<GeneratorMessage>>();
  /** As announced to the scheduler. */
  const descriptions = new Map<SourceId, SourceDescription>();
  let lastIncarnation = 0;
  /** The time, but never one twice: the sources that follow each other under one name may do so within a millisecond. */
  const nextIncarnation = (): number =>
    (lastIncarnation = Math.max(lastIncarnation + 1, Math.floor(system.clock.now())));

  function sourceEnded(id: SourceId): Promise<void> {
    const generator = generators.get(id);
    if (generator === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      system.watch(generator, () => resolve());
    });
  }

  function register(): void {
    scheduler.tell(
      {
        type: "registerNode",
        node: { name, role: options.role, services: [...services.keys()] },
        controller: system.resolve(controllerAddress(name)),
      },
      "control",
    );
    for (const source of descriptions.values()) scheduler.tell({ type: "registerSource", source }, "control");
  }
  register();

  function tellGenerators(message: GeneratorMessage): void {
    for (const generator of generators.values()) generator.tell(message, "control");
  }

  // A task that a message took nowhere is delivered again soon, and not only once it is overdue.
  system.deadLetters.subscribe(({ message }) => {
    const lost = taskIn(message);
    if (lost === null) return;
    system.resolve<GeneratorMessage>(lost.origin).tell({ type: "undelivered", id: lost.id }, "control");
  });

  return {
    controller,
    monitor,
    register,

    async addSource({ id, source, pipeline, ...asked }) {
      if (generators.has(id))
        throw new TypeError(`Cannot add source "${id}": one of that name runs on "${name}"`);
      const { configuration = DEFAULT_CONFIGURATION, policy = DEFAULT_POLICY } = asked;
      const description = { id, node: name, pipeline, configuration, policy };
      const answer = await system
        .ask<SchedulerMessage, PolicyReply>(
          scheduler,
          (replyTo) => ({
            type: "registerSource",
            source: description,
            replyTo,
          }),
          { timeoutMs: REGISTRATION_MS, lane: "control" },
        )
        .catch(() => null);
      if (answer?.type === "policyRefused") {
        scheduler.tell({ type: "removeSource", sourceId: id, node: name }, "control");
        throw answer.error;
      }
      const journal = await options.journals?.open(id, {
        source: source.label,
        nowMs: nextIncarnation(),
        request: asked.request ?? null,
      });
      const generator = spawnGenerator(system, {
        sourceId: id,
        source,
        pipeline,
        configuration,
        incarnation: journal?.recovered.incarnation ?? nextIncarnation(),
        controller,
        listener,
        paced: asked.paced ?? false,
        limit: asked.limit ?? null,
        window: asked.window ?? DEFAULT_WINDOW,
        ...(asked.capture && { capture: asked.capture }),
        livePolicy: "dropNewest",
        cloud,
        ...(journal && { journal }),
        nodes: {
          placedOn: [name, cloud],
          ...fixedNodes(pipeline, { node: name, services, cloud }),
        },
        framesMin: Math.max(...pipeline.stages.map(({ service }) => services.get(service)?.framesMin ?? 1)),
      });
      generators.set(id, generator);
      descriptions.set(id, description);
      system.watch(generator, () => {
        generators.delete(id);
        descriptions.delete(id);
        // On the lane of the messages that they undo, so that a source of the same name may come at once.
        controller.tell({ type: "detachGenerator", sourceId: id }, "control");
        scheduler.tell({ type: "removeSource", sourceId: id, node: name }, "control");
      });
    },

    sourceEnded,

    drainSource(id) {
      generators.get(id)?.tell({ type: "drain" }, "control");
      return sourceEnded(id);
    },

    async ledgers() {
      const asked = await Promise.allSettled(
        [...generators.values()].map((generator) =>
          system.ask<GeneratorMessage, LedgerReported>(generator, (replyTo) => ({
            type: "reportLedger",
            replyTo,
          })),
        ),
      );
      // A generator that ended meanwhile has no more to say.
      return asked.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    },

    nodeGone: (node, { left }) => tellGenerators({ type: "nodeGone", node, left }),
    nodeBack: (node) => tellGenerators({ type: "nodeBack", node }),

    unregister: () => scheduler.tell({ type: "removeNode", node: name }, "control"),
  };
}

/** The task that a message between components carries, or the drop of it. */
function taskIn(message: unknown): { readonly id: TaskId; readonly origin: string } | null {
  const { type, task, drop } = Object(message) as {
    readonly type?: unknown;
    readonly task?: Task;
    readonly drop?: DropRecord;
  };
  if (type === "submit" || type === "store") return task ?? null;
  return type === "recordDrop" ? (drop ?? null) : null;
}

/** An actor that hands each event to a function of the program around it, whose faults are its own. */
function forward<Event extends { readonly type: string }>(
  onEvent: (event: Event) => void,
): Behaviour<null, Event> {
  return {
    start: () => null,
    receive(state, event, ctx) {
      try {
        onEvent(event);
      } catch (thrown) {
        ctx.log.error("The listener of events threw", { event: event.type, error: errorText(thrown) });
      }
      return state;
    },
  };
}
