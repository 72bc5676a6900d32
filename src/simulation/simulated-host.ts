/** A simulated host: a disk that stays, and one process after another on it, each a whole node. */

import { ALL_ENTRIES } from "../storage/journal/journal-keys.js";
import type { NodeOptions } from "../node/node-options.js";
import { startNodeIn, type SluiceNode } from "../node/node.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import type { SourceOptions } from "../node/sources.js";
import type { NodeWorld } from "../node/world.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerEvent } from "../actors/protocol/scheduler.js";
import type { ServiceDeclaration } from "../task/service.js";
import { asError, CodedError } from "../runtime/errors.js";
import { silentLogger } from "../runtime/log.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Job } from "../actors/processor/worker-port.js";
import type { Repair } from "../task/reports.js";
import { ActorFaults } from "./actor-faults.js";
import { HostCheckers, type HostCheckersOptions } from "./host-checkers.js";
import { HUB, HUB_URL } from "./host-names.js";
import type { OrderChecker } from "./order-checker.js";
import type { Store } from "../storage/results/store.js";
import type { Prng } from "./prng.js";
import { Disk } from "./disk.js";
import { SimulatedFiles } from "./simulated-database.js";
import { openSimulatedJournals, openSimulatedStore } from "./simulated-storage.js";
import { SimulatedProcess } from "./simulated-process.js";
import { worldOf } from "./simulated-world.js";
import { LoadFaults, SimulatedLoads } from "./simulated-loads.js";
import { createSimulatedWorkers, type ServiceFaults } from "./simulated-workers.js";
import { LOADS_AT_ONCE } from "./shape.js";
import type { Network } from "./network.js";
import type { PlantedBug } from "./planted-bugs.js";
import { isRevoked, type SimulatedTokens } from "./simulated-tokens.js";
import type { Subscriptions } from "./subscriptions.js";

export interface SimulatedHostOptions extends Omit<
  HostCheckersOptions,
  "node" | "process" | "loadsAreFaulty"
> {
  readonly prng: Prng;
  readonly network: Network;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly faults: ServiceFaults;
  readonly bug: PlantedBug;
  readonly onEvent: (host: string, event: NodeEvent) => void;
  readonly onSchedule: (event: SchedulerEvent) => void;
  /** Look at what passes through the behaviours of its node. */
  readonly watch: readonly Decorate[];
  readonly order: OrderChecker;
  /** Null where whoever comes may join. */
  readonly tokens: SimulatedTokens | null;
  readonly subscriptions: Subscriptions;
  /** What a process opens of what an operator has ordered. */
  readonly stagedSource: (asked: SourceOptions, host: string, process: SimulatedProcess) => SourceOptions;
  readonly onWrongFrames: (job: Job) => void;
  readonly onDoubled: (job: Job) => void;
  /** A node failed beyond its supervision. */
  readonly onFailure: (host: string, error: Error) => void;
}

/** Until a process that could not start is started again, in ms. */
const RESTART_MS = 500;

/** Is told of a node that has become a member of the cluster. */
type OnMember = (node: SluiceNode, process: SimulatedProcess) => void;

/** For what a node has of others, in ms. */
const DRAIN_MS = 10_000;

export class SimulatedHost {
  readonly name: string;
  readonly disk: Disk;
  readonly #options: SimulatedHostOptions;
  /** The files of the results, on the hub alone. */
  readonly results: SimulatedFiles;
  readonly #journals: SimulatedFiles;
  #process: SimulatedProcess | null = null;
  #node: SluiceNode | null = null;
  /** Of its process, from 1. */
  #incarnation = 0;
  readonly actorFaults: ActorFaults;
  readonly loadFaults = new LoadFaults();
  readonly #checkers: HostCheckers;
  readonly #decorators: readonly Decorate[];
  #loads: SimulatedLoads | null = null;
  /** Null of all but the hub. */
  #store: Store | null = null;
  #goneAtMs = -Infinity;
  /** Its process is about to end by itself. */
  #leaving = false;
  /** It is to start again once it has. */
  #startsAgain: OnMember | null = null;

  constructor(options: SimulatedHostOptions) {
    this.name = options.name;
    this.#options = options;
    this.disk = new Disk(options.time, options.prng.fork());
    this.results = new SimulatedFiles(this.disk, "results");
    this.#journals = new SimulatedFiles(this.disk, "journal");
    this.actorFaults = new ActorFaults(options.time, options.prng.fork());
    this.#checkers = new HostCheckers({
      ...options,
      node: () => this.#node,
      process: () => this.#process,
      loadsAreFaulty: () => this.#loads?.faulty === true,
    });
    this.#decorators = [
      (name, behaviour) => options.bug.decorate?.(name, behaviour) ?? behaviour,
      ...this.#checkers.decorators,
      options.times.decorate,
      options.order.decorateOf(options.name, () => this.#incarnation),
      this.actorFaults.decorate,
      ...options.watch,
    ];
  }

  /** Null while it is down. */
  get process(): SimulatedProcess | null {
    return this.#process;
  }

  get checkers(): Pick<HostCheckers, "held" | "epochs"> {
    return this.#checkers;
  }

  /** Null until it is a member. */
  get node(): SluiceNode | null {
    return this.#node;
  }

  /** Starts a process where none runs; calls `onMember` once its node is a member of the cluster. */
  start(onMember: OnMember): void {
    const { time, prng, network, services, shape, faults, bug, times, tokens } = this.#options;
    if (this.#process !== null) {
      if (this.#leaving) this.#startsAgain = onMember;
      return;
    }
    const { loading } = shape;
    this.#leaving = false;
    this.#startsAgain = null;
    this.#incarnation += 1;
    this.actorFaults.end();
    this.#checkers.forget();
    const own = prng.fork();
    const skewMs = this.#incarnation === 1 ? 0 : own.between(-shape.skewMs, shape.skewMs);
    const process = new SimulatedProcess(time, skewMs);
    this.#process = process;
    const ids = own.fork();
    const loads = new SimulatedLoads(this.loadFaults, shape);
    this.#loads = loads;
    const randomId = (): number => 1 + Math.floor(ids.next() * 2 ** 50);
    const onDamage = ({ damage }: Repair): void =>
      this.#options.onFailure(this.name, new Error(`Its disk lost what was written: ${damage.join(", ")}`));
    void this.#run(process, onMember, async () => ({
      name: this.name,
      ...(this.name === HUB
        ? {
            listen: HUB_URL,
            flush: shape.flush,
            ...(shape.recordsMax !== null && { retention: { recordsMax: shape.recordsMax } }),
            tokens: tokens?.authority ?? null,
            store: (this.#store = times.watch(
              bug.wrapStore(await openSimulatedStore(this.results, process, onDamage), process, time),
            )),
          }
        : {
            join: HUB_URL,
            patient: true,
            ...(tokens !== null && { token: tokens.tokenOf(this.name, "edge", time.nowMs) }),
            onCluster: (event: ClusterEvent) => {
              if (process.killed) return;
              this.#checkers.onCluster(event);
              if (event.type === "refused") this.#refused(process, onMember, event.error);
            },
            ...(shape.direct && { listen: `memory://${this.name}` }),
          }),
      services,
      limits: {
        processor: {
          replicas: 1,
          loadingMax: LOADS_AT_ONCE,
          loadTimeoutMs: loading.timeoutMs,
          loadAttempts: loading.attempts,
        },
        controller: { stageHoldMs: loading.holdMs },
      },
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
        ...worldOf(process, randomId),
        stagedSource: (asked) => this.#options.stagedSource(asked, this.name, process),
        carrier: network.carrierOf(this.name, process),
        startWorker: createSimulatedWorkers({
          process,
          prng: own.fork(),
          faults,
          loads,
          onWrongFrames: this.#options.onWrongFrames,
          onDoubled: this.#options.onDoubled,
        }),
        pid: this.#incarnation,
        decorate: (name, behaviour) =>
          this.#decorators.reduce((decorated, decorate) => decorate(name, decorated), behaviour),
        journals: bug.wrapJournals(await openSimulatedJournals(this.#journals, process, onDamage)),
      },
    }));
  }

  async #run(
    process: SimulatedProcess,
    onMember: OnMember,
    prepare: () => Promise<NodeOptions & { readonly world: NodeWorld }>,
  ): Promise<void> {
    try {
      const { world, ...options } = await prepare();
      const node = await startNodeIn(world, options);
      if (process.killed) return;
      this.#node = node;
      if (this.name === HUB) this.#options.subscriptions.follow(node, process);
      this.#checkers.follow(node, process);
      onMember(node, process);
    } catch (error) {
      if (process.killed) return;
      if (isRevoked(error)) {
        this.#refused(process, onMember, asError(error));
        return;
      }
      if (!(error instanceof CodedError) || error.retry === "never") {
        this.#options.onFailure(this.name, asError(error));
        return;
      }
      // It ends and says why, and whoever looks after it starts it again.
      this.kill();
      this.#options.time.after(RESTART_MS, () => this.start(onMember));
    }
  }

  /** Leaves in order, and its process ends. */
  leave(): void {
    this.#end((node) => node.terminate());
  }

  /** Finishes what it has, and leaves. */
  drain(): void {
    this.#end(async (node) => {
      const left = await node.drain({ timeoutMs: DRAIN_MS });
      for (const [what, count] of left === 0 ? this.#checkers.held.ofOthers() : []) {
        this.#options.onViolation(`drain: ${this.name} has done everything, and still has ${count} ${what}`);
      }
      await node.terminate();
    });
  }

  #end(end: (node: SluiceNode) => Promise<void>): void {
    const [node, process] = [this.#node, this.#process];
    if (node === null || process === null) return;
    this.#node = null;
    this.#leaving = true;
    const kill = (): void => {
      if (this.#process !== process) return;
      const again = this.#startsAgain;
      this.kill();
      if (again !== null) this.start(again);
    };
    end(node).then(kill, kill);
  }

  /** The hub takes it in no more: whoever runs it gives it another token. */
  #refused(process: SimulatedProcess, onMember: OnMember, error: Error): void {
    if (this.#process !== process) return;
    if (!isRevoked(error)) this.#options.onViolation(`refused: ${this.name} for good: ${error.message}`);
    this.kill();
    this.#options.time.after(RESTART_MS, () => this.start(onMember));
  }

  /** How long it has had no process, in ms; 0 while it has one. */
  get goneMs(): number {
    return this.#process === null ? this.#options.time.nowMs - this.#goneAtMs : 0;
  }

  /** Of its present process: those that have not ended. */
  get workers(): number {
    return this.#loads?.workers ?? 0;
  }

  /** One of its workers ends, and what it has loaded is gone. */
  loseWorker(): void {
    this.#process?.run(() => this.#loads?.loseOne());
  }

  /** Of its present process. */
  get store(): Pick<Store, "nextPosition" | "recordCount"> {
    return this.#store ?? { nextPosition: 0, recordCount: 0 };
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
    this.#goneAtMs = this.#options.time.nowMs;
    process.kill();
    this.disk.crashed(process);
  }
}
