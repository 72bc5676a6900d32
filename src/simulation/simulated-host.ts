/** A simulated host: a disk that stays, and one process after another on it, each a whole node. */

import { ALL_ENTRIES } from "../storage/journal/journal-keys.js";
import { createMemoryTrust, MASTER_KEY_BYTES, type Trust } from "../storage/trust/trust.js";
import type { NodeOptions } from "../node/node-options.js";
import { startNodeIn, type SluiceNode } from "../node/node.js";
import { readPipelineHere } from "../node/agent/read-pipeline.js";
import type { NodeWorld } from "../node/world.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerEvent } from "../actors/protocol/scheduler.js";
import type { ServiceDeclaration } from "../task/service.js";
import { asError, CodedError } from "../runtime/errors.js";
import { silentLogger } from "../runtime/log.js";
import { nodeSystem } from "../runtime/node-system.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Job } from "../actors/processor/worker-port.js";
import type { Repair } from "../task/reports.js";
import type { Hop } from "../task/task.js";
import { HeldState } from "./growth.js";
import { HUB } from "./host-names.js";
import type { OrderChecker } from "./order-checker.js";
import type { Prng } from "./prng.js";
import { Disk } from "./disk.js";
import { SimulatedFiles } from "./simulated-database.js";
import { openSimulatedJournals, openSimulatedStore } from "./simulated-storage.js";
import { SimulatedProcess } from "./simulated-process.js";
import { createSimulatedMetrics } from "./simulated-metrics.js";
import { createSimulatedWorkers, type ServiceFaults } from "./simulated-workers.js";
import type { Network } from "./network.js";
import type { ClusterShape } from "./shape.js";
import type { PlantedBug } from "./planted-bugs.js";
import type { TaskTimes } from "./task-times.js";
import type { VirtualTime } from "./virtual-time.js";

const HUB_URL = `memory://${HUB}`;

export interface SimulatedHostOptions {
  readonly name: string;
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly network: Network;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly shape: ClusterShape;
  readonly faults: ServiceFaults;
  readonly bug: PlantedBug;
  readonly onEvent: (host: string, event: NodeEvent) => void;
  readonly onSchedule: (event: SchedulerEvent) => void;
  /** Look at what passes through the behaviours of its node. */
  readonly watch: readonly Decorate[];
  readonly order: OrderChecker;
  readonly times: TaskTimes;
  readonly onWrongFrames: (job: Job) => void;
  /** A stage ran by an epoch older than one that the node had acknowledged before it enqueued the task. */
  readonly onOldEpoch: (host: string, hop: Hop, acknowledged: number) => void;
  /** A node failed beyond its supervision. */
  readonly onFailure: (host: string, error: Error) => void;
}

function masterKeyFrom(prng: Prng): Uint8Array {
  return Uint8Array.from({ length: MASTER_KEY_BYTES }, () => prng.between(0, 255));
}

/** What an actor fails with by a fault. */
const INJECTED = "a fault of the simulation";

export function isInjected(text: string): boolean {
  return text === INJECTED;
}

/** How far the host's clock may be set to either side between two processes, in ms. */
export const SKEW_MS_MAX = 30_000;

/** Until a process that could not start is started again, in ms. */
const RESTART_MS = 500;
/** Between failures of the actors of a host, in ms: fewer than its supervision bears. */
const FAILURE_PERIOD_MS = 3_000;
/** Messages whose loss costs a delivery, a frame that is read again or a write that is done again, and nothing else. */
const FAILS_ON: ReadonlySet<string> = new Set([
  "submit",
  "stageCompleted",
  "store",
  "appendEnded",
  "frameCaptured",
  "journalWritten",
  "taskSettled",
]);

export class SimulatedHost {
  readonly name: string;
  readonly disk: Disk;
  readonly #options: SimulatedHostOptions;
  /** The files of the results, on the hub alone. */
  readonly results: SimulatedFiles;
  readonly #journals: SimulatedFiles;
  /** Also on the disk. */
  readonly #trust: Trust;
  #process: SimulatedProcess | null = null;
  #node: SluiceNode | null = null;
  /** Of its process, from 1. */
  #incarnation = 0;
  readonly held = new HeldState();
  readonly #prng: Prng;
  readonly #decorators: readonly Decorate[];
  /** The name of the actor that fails on its next message; null for none. */
  #failing: string | null = null;
  #failedAtMs = -Infinity;
  /** Tables that this process has acknowledged, as far as the scheduler knows, and when by its own clock. */
  #acknowledged: { readonly epoch: number; readonly atMs: number }[] = [];

  constructor(options: SimulatedHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.disk = new Disk(options.time, options.prng.fork());
    this.results = new SimulatedFiles(this.disk, "results");
    this.#journals = new SimulatedFiles(this.disk, "journal");
    this.#trust = createMemoryTrust(masterKeyFrom(options.prng.fork()));
    this.#prng = options.prng.fork();
    this.#decorators = [
      this.#decorate,
      options.times.decorate,
      options.order.decorateOf(options.name, () => this.#incarnation),
      this.#failures,
      this.held.decorate,
      ...options.watch,
    ];
  }

  /** Null while it is down. */
  get process(): SimulatedProcess | null {
    return this.#process;
  }

  /** Null until it is a member. */
  get node(): SluiceNode | null {
    return this.#node;
  }

  /** Starts a process where none runs; calls `onMember` once its node is a member of the cluster. */
  start(onMember: (node: SluiceNode, process: SimulatedProcess) => void): void {
    const { time, prng, network, services, shape, faults, bug, times } = this.#options;
    if (this.#process !== null) return;
    this.#incarnation += 1;
    this.#acknowledged = [];
    this.#failing = null;
    this.held.forget();
    const own = prng.fork();
    const skewMs = this.#incarnation === 1 ? 0 : own.between(-SKEW_MS_MAX, SKEW_MS_MAX);
    const process = new SimulatedProcess(time, skewMs);
    this.#process = process;
    const ids = own.fork();
    const randomId = (): number => 1 + Math.floor(ids.next() * 2 ** 50);
    const onDamage = ({ damage }: Repair): void =>
      this.#options.onFailure(this.name, new Error(`Its disk lost what was written: ${damage.join(", ")}`));
    void this.#run(process, onMember, async () => ({
      name: this.name,
      ...(this.name === HUB
        ? {
            listen: HUB_URL,
            flush: shape.flush,
            store: times.watch(
              bug.wrapStore(await openSimulatedStore(this.results, process, onDamage), process, time),
            ),
          }
        : { join: HUB_URL, patient: true, ...(shape.direct && { listen: `memory://${this.name}` }) }),
      services,
      limits: { processor: { replicas: 1 } },
      link: shape.link,
      delivery: shape.delivery,
      clock: process.clock,
      random: () => own.next(),
      log: silentLogger,
      onEvent: (event) => this.#options.onEvent(this.name, event),
      onSchedule: this.#options.onSchedule,
      onFailure: (error) => {
        if (!process.killed) this.#options.onFailure(this.name, error);
      },
      world: {
        carrier: network.carrierOf(this.name, process),
        executor: process.executor,
        startWorker: createSimulatedWorkers(process, own.fork(), faults, this.#options.onWrongFrames),
        openHost: createSimulatedMetrics,
        readPipeline: readPipelineHere,
        firstId: randomId,
        askId: randomId,
        nonce: () => `nonce-${randomId()}-${randomId()}`,
        nameKey: null,
        pid: this.#incarnation,
        adopt: (system) => process.onKilled(() => nodeSystem(system).abandon()),
        decorate: (name, behaviour) =>
          this.#decorators.reduce((decorated, decorate) => decorate(name, decorated), behaviour),
        journals: bug.wrapJournals(await openSimulatedJournals(this.#journals, process, onDamage)),
        trust: this.#trust,
        members: null,
      },
    }));
  }

  async #run(
    process: SimulatedProcess,
    onMember: (node: SluiceNode, process: SimulatedProcess) => void,
    prepare: () => Promise<NodeOptions & { readonly world: NodeWorld }>,
  ): Promise<void> {
    try {
      const { world, ...options } = await prepare();
      const node = await startNodeIn(world, options);
      if (process.killed) return;
      this.#node = node;
      onMember(node, process);
    } catch (error) {
      if (process.killed) return;
      if (!(error instanceof CodedError) || error.retry === "never") {
        this.#options.onFailure(this.name, asError(error));
        return;
      }
      // It ends and says why, and whoever looks after it starts it again.
      this.kill();
      this.#options.time.after(RESTART_MS, () => this.start(onMember));
    }
  }

  /** The scheduler knows that this node has a table. */
  acknowledged(epoch: number): void {
    const atMs = this.#node?.system.clock.monotonic();
    if (atMs !== undefined) this.#acknowledged.push({ epoch, atMs });
  }

  /** Wraps the planted bug around a behaviour, and around the controller's a check of each stage that it completes. */
  readonly #decorate: Decorate = (name, behaviour) => {
    const decorated = this.#options.bug.decorate?.(name, behaviour) ?? behaviour;
    if (name !== "controller") return decorated;
    return {
      ...decorated,
      receive: (state, message, ctx) => {
        const { type, hop } = message as { readonly type?: unknown; readonly hop?: Hop };
        if (type === "stageCompleted" && hop !== undefined) this.#checkEpoch(hop);
        return decorated.receive(state, message, ctx);
      },
    };
  };

  #checkEpoch(hop: Hop): void {
    const clock = this.#node?.system.clock;
    if (clock === undefined) return;
    const epochMs = clock.epochMs();
    const newer = this.#acknowledged.find(
      ({ epoch, atMs }) => hop.enqueuedAtMs > epochMs + atMs && hop.epoch < epoch,
    );
    if (newer !== undefined) this.#options.onOldEpoch(this.name, hop, newer.epoch);
  }

  /** One of its actors fails on its next message with a task, or on its next answer of a disk. */
  failActor(): void {
    const { time } = this.#options;
    if (time.nowMs - this.#failedAtMs < FAILURE_PERIOD_MS) return;
    this.#failedAtMs = time.nowMs;
    this.#failing = this.#prng.pick(["controller", "distributor", "source-"]);
  }

  /** Fails before the message has any effect: it is lost, as a dead letter. */
  readonly #failures: Decorate = (name, behaviour) => ({
    ...behaviour,
    receive: (state, message, ctx) => {
      const { type } = message as { readonly type: string };
      if (this.#failing !== null && name.startsWith(this.#failing) && FAILS_ON.has(type)) {
        this.#failing = null;
        throw new Error(INJECTED);
      }
      return behaviour.receive(state, message, ctx);
    },
  });

  /** Leaves in order, and its process ends. */
  leave(): void {
    const [node, process] = [this.#node, this.#process];
    if (node === null || process === null) return;
    this.#node = null;
    const end = (): void => {
      if (this.#process === process) this.kill();
    };
    node.terminate().then(end, end);
  }

  /** Entries of tasks that its journals hold; what a process that died had not deleted yet is not counted. */
  get journalEntries(): number {
    if (this.#incarnation > 1) return 0;
    return this.#journals.count(ALL_ENTRIES);
  }

  /** Kills its process at once, where it has one. */
  kill(): void {
    const process = this.#process;
    if (process === null) return;
    this.#process = null;
    this.#node = null;
    process.kill();
    this.disk.crashed(process);
  }
}
