/** Everything that looks at what passes through the behaviours of one simulated node, in each of its processes. */

import type { SluiceNode } from "../node/node.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Hop } from "../task/task.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import { createConservationChecker } from "./conservation-checker.js";
import { createControllerChecker } from "./controller-checker.js";
import { DeliveryChecker } from "./delivery-checker.js";
import { createDistributorChecker } from "./distributor-checker.js";
import { EpochChecker } from "./epoch-checker.js";
import { HeldState } from "./growth.js";
import { MembershipChecker } from "./membership-checker.js";
import { RedeliveryChecker } from "./redelivery-checker.js";
import { SchedulerChecker } from "./scheduler-checker.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import { StageChecker } from "./stage-checker.js";
import type { StepListener } from "./step-listener.js";
import type { TaskTimes } from "./task-times.js";
import type { VirtualTime } from "./virtual-time.js";

export interface HostCheckersOptions extends StepListener {
  readonly name: string;
  readonly time: VirtualTime;
  readonly shape: ClusterShape;
  /** Whether a source is on this host. */
  readonly isOwn: (sourceId: string) => boolean;
  /** Whether besides it can be read again, and nothing that is told on the host is lost. */
  readonly isPrompt: (sourceId: string) => boolean;
  /** A stage ran by an epoch older than one that the node had acknowledged before it enqueued the task. */
  readonly times: TaskTimes;
  /** Whether a load has failed or hung in its present process. */
  readonly loadsAreFaulty: () => boolean;
  readonly onOldEpoch: (host: string, hop: Hop, acknowledged: number) => void;
  readonly node: () => SluiceNode | null;
  readonly process: () => SimulatedProcess | null;
}

export class HostCheckers {
  readonly held = new HeldState();
  readonly epochs: EpochChecker;
  readonly #options: HostCheckersOptions;
  readonly #deliveries: DeliveryChecker;
  readonly #redeliveries: RedeliveryChecker;
  readonly #stages: StageChecker;
  readonly #scheduler: SchedulerChecker;

  constructor(options: HostCheckersOptions) {
    const { name, shape, isOwn, isPrompt, onOldEpoch, node } = options;
    this.#options = options;
    this.epochs = new EpochChecker(
      () => node()?.system.clock,
      (hop, acknowledged) => onOldEpoch(name, hop, acknowledged),
    );
    this.#stages = new StageChecker(options);
    this.#scheduler = new SchedulerChecker(options);
    this.#deliveries = new DeliveryChecker({ ...options, windowTasks: shape.windowTasks });
    const isChecked = (sourceId: string): boolean => isOwn(sourceId) && isPrompt(sourceId);
    this.#redeliveries = new RedeliveryChecker({ ...options, limits: shape.delivery, isChecked });
  }

  get decorators(): readonly Decorate[] {
    return [
      createControllerChecker(this.#options),
      createDistributorChecker(this.#options),
      this.#stages.decorate,
      this.#scheduler.decorate,
      this.epochs.decorate,
      this.#deliveries.decorate,
      createConservationChecker(this.#options),
      this.#redeliveries.decorate,
      this.held.decorate,
    ];
  }

  /** The node starts again. */
  forget(): void {
    this.epochs.forget();
    this.held.forget();
    this.#deliveries.forget();
    this.#stages.forget();
    this.#redeliveries.forget();
  }

  /** What the node hears of its cluster, once it has passed that on. */
  onCluster(event: ClusterEvent): void {
    this.#redeliveries.onCluster(event);
  }

  /** Listens to a node that has become a member for as long as its process lives. */
  follow(node: SluiceNode, process: SimulatedProcess): void {
    new MembershipChecker(this.#options.time, this.#options).follow(node, process);
    node.system.deadLetters.subscribe((letter) => {
      if (!process.killed) this.#redeliveries.onDeadLetter(letter);
    });
  }
}
