/** A simulated machine: a disk that stays, and one process after another on it, each a whole node. */

import type { MemoryStore } from "../storage/results/memory-store.js";
import type { NodeOptions } from "../node/node-options.js";
import { startNodeIn, type SluiceNode } from "../node/node.js";
import type { NodeWorld } from "../node/world.js";
import type { NodeEvent } from "../actors/protocol/generator.js";
import type { SchedulerEvent } from "../actors/protocol/scheduler.js";
import type { ServiceDeclaration } from "../task/service.js";
import { asError } from "../runtime/errors.js";
import { silentLogger } from "../runtime/log.js";
import type { Decorate } from "../runtime/system.js";
import type { Job } from "../actors/processor/worker-port.js";
import type { Hop } from "../task/task.js";
import type { Chance } from "./chance.js";
import { Disk, journalsOn, storeOn, type JournalsOnDisk } from "./disk.js";
import { Life } from "./life.js";
import { simulatedHost, simulatedWorkers, type ServiceFaults } from "./machine-room.js";
import type { Network } from "./network.js";
import type { Plants } from "./plants.js";
import type { Timeline } from "./timeline.js";

export const HUB = "cloud";
const HUB_URL = `memory://${HUB}`;

export interface MachineOptions {
  readonly name: string;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly network: Network;
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly faults: ServiceFaults;
  readonly plants: Plants;
  /** Of the hub: what its disk holds of results. */
  readonly results: MemoryStore | null;
  readonly onEvent: (machine: string, event: NodeEvent) => void;
  readonly onSchedule: (event: SchedulerEvent) => void;
  readonly onWrongFrames: (job: Job) => void;
  /** A stage was done by an epoch older than one that the node had acknowledged when it took the task. */
  readonly onOldEpoch: (machine: string, hop: Hop, acknowledged: number) => void;
  /** A node failed beyond its supervision. */
  readonly onFailure: (machine: string, error: Error) => void;
}

/** Between lives the machine's clock may have been set, by so much to either side, in ms. */
export const SKEW_MS_MAX = 30_000;

export class Machine {
  readonly name: string;
  readonly disk: Disk;
  readonly #options: MachineOptions;
  readonly #journals: JournalsOnDisk = new Map();
  #life: Life | null = null;
  #node: SluiceNode | null = null;
  #lives = 0;
  /** Tables that this life has acknowledged, as far as the scheduler has heard, and when by its own clock. */
  #acknowledged: { readonly epoch: number; readonly atMs: number }[] = [];

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    this.disk = new Disk(options.timeline, options.chance.fork());
  }

  /** Its process, while that has one. */
  get life(): Life | null {
    return this.#life;
  }

  /** Null until it is a member. */
  get node(): SluiceNode | null {
    return this.#node;
  }

  get lives(): number {
    return this.#lives;
  }

  /** Starts a process; `onMember` is told once it is a member, in that life. */
  start(onMember: (node: SluiceNode, life: Life) => void): void {
    const { timeline, chance, network, services, faults, plants, results } = this.#options;
    if (this.#life !== null) return;
    this.#lives += 1;
    this.#acknowledged = [];
    const own = chance.fork();
    const skewMs = this.#lives === 1 ? 0 : own.between(-SKEW_MS_MAX, SKEW_MS_MAX);
    const life = new Life(timeline, skewMs);
    this.#life = life;
    const ids = own.fork();
    const randomId = (): number => 1 + Math.floor(ids.next() * 2 ** 50);
    void this.#run(life, onMember, {
      name: this.name,
      ...(results === null
        ? { join: HUB_URL, patient: true }
        : { listen: HUB_URL, store: plants.store(storeOn(this.disk, life, results), life, timeline) }),
      services,
      limits: { processor: { replicas: 1 } },
      clock: life.clock,
      random: () => own.next(),
      log: silentLogger,
      onEvent: (event) => this.#options.onEvent(this.name, event),
      onSchedule: this.#options.onSchedule,
      onFailure: (error) => {
        if (!life.dead) this.#options.onFailure(this.name, error);
      },
      world: {
        carrier: network.carrierOf(this.name, life),
        executor: life.executor,
        startWorker: simulatedWorkers(life, own.fork(), faults, this.#options.onWrongFrames),
        openHost: simulatedHost,
        firstId: randomId,
        askId: randomId,
        nonce: () => `nonce-${randomId()}-${randomId()}`,
        pid: this.#lives,
        adopt: (system) => life.onEnd(() => system.abandon()),
        decorate: this.#decorate,
        journals: plants.journals(journalsOn(this.disk, life, this.#journals)),
        members: null,
      },
    });
  }

  async #run(
    life: Life,
    onMember: (node: SluiceNode, life: Life) => void,
    { world, ...options }: NodeOptions & { readonly world: NodeWorld },
  ): Promise<void> {
    try {
      const node = await startNodeIn(world, options);
      if (life.dead) return;
      this.#node = node;
      onMember(node, life);
    } catch (error) {
      if (!life.dead) this.#options.onFailure(this.name, asError(error));
    }
  }

  /** The scheduler has heard that this node has a table. */
  acknowledged(epoch: number): void {
    const atMs = this.#node?.system.clock.now();
    if (atMs !== undefined) this.#acknowledged.push({ epoch, atMs });
  }

  /** What is planted, and around it a look at each stage that is done. */
  readonly #decorate: Decorate = (name, behaviour) => {
    const planted = this.#options.plants.decorate?.(name, behaviour) ?? behaviour;
    if (name !== "controller") return planted;
    return {
      ...planted,
      receive: (state, message, ctx) => {
        const { type, hop } = message as { readonly type?: unknown; readonly hop?: Hop };
        if (type === "stageCompleted" && hop !== undefined) this.#look(hop);
        return planted.receive(state, message, ctx);
      },
    };
  };

  #look(hop: Hop): void {
    const newer = this.#acknowledged.find(({ epoch, atMs }) => hop.enqueuedAtMs > atMs && hop.epoch < epoch);
    if (newer !== undefined) this.#options.onOldEpoch(this.name, hop, newer.epoch);
  }

  /** The process dies at once. */
  kill(): void {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    this.#node = null;
    life.kill();
    this.disk.crashed(life);
  }
}
