/**
 * Where new tasks leave a generator: to the controller while the window has room, and as its policy says where a live
 * source finds it full.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ControllerMessage } from "../protocol.js";
import type { NodeName, StageId, TaskId } from "../task/identity.js";
import type { Outcome, Pin, Task } from "../task/task.js";
import { createTask, type NewTask } from "../task/walk.js";
import type { TaskWindow } from "./window.js";

/** What a live source does with a task that finds the window full; `dropOldest` keeps the newest one waiting. */
export type LivePolicy = "dropNewest" | "dropOldest";

/** A task as the branches that it starts as. */
interface Offered {
  readonly sequence: number;
  readonly branches: readonly Task[];
  readonly bytes: number;
}

/** What a task is made of; the outlet gives it its sequence and its pins. */
interface Offer extends Omit<NewTask, "id" | "pins"> {
  readonly id: Omit<TaskId, "sequence">;
  readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
}

/** Tasks that wait or whose gap is not stored yet, beyond which a live source makes none until the store answers. */
const ASIDE_MAX = 10_000;

export class TaskOutlet {
  readonly #controller: ActorRef<ControllerMessage>;
  readonly #window: TaskWindow;
  readonly #policy: LivePolicy;
  /** Tasks pinned so far, by stage and node. */
  readonly #pinned = new Map<string, number>();
  #waiting: Offered | null = null;

  constructor(controller: ActorRef<ControllerMessage>, window: TaskWindow, policy: LivePolicy) {
    this.#controller = controller;
    this.#window = window;
    this.#policy = policy;
  }

  /**
   * Makes a task and sends it; where the source is `live` and the window full, it drops one.
   *
   * @returns false where no task was made, as too many gaps wait to be stored
   */
  offer({ id, statefulNodes, ...given }: Offer, live: boolean): boolean {
    if (live && this.#window.aside >= ASIDE_MAX) return false;
    const full = live && this.#window.full;
    const sequence = this.#window.create();
    const task: Offered = {
      sequence,
      branches: createTask({ ...given, id: { ...id, sequence }, pins: this.#pin(statefulNodes) }),
      bytes: given.payload.frames.reduce((bytes, { data }) => bytes + data.length, 0),
    };
    if (!full) {
      this.#send(task);
    } else if (this.#policy === "dropNewest") {
      this.#drop(task);
    } else {
      if (this.#waiting !== null) this.#drop(this.#waiting);
      this.#waiting = task;
    }
    return true;
  }

  /** @returns false where the task is settled already, or was never made */
  settle(sequence: number, outcome: Outcome): boolean {
    if (!this.#window.settle(sequence, outcome)) return false;
    if (this.#waiting !== null && !this.#window.full) {
      this.#send(this.#waiting);
      this.#waiting = null;
    }
    return true;
  }

  #pin(nodes: ReadonlyMap<StageId, NodeName>): ReadonlyMap<StageId, Pin> {
    const pins = new Map<StageId, Pin>();
    for (const [stage, node] of nodes) {
      const place = `${stage} ${node}`;
      const ordinal = this.#pinned.get(place) ?? 0;
      this.#pinned.set(place, ordinal + 1);
      pins.set(stage, { node, ordinal });
    }
    return pins;
  }

  #send({ sequence, branches, bytes }: Offered): void {
    this.#window.send(sequence, bytes);
    for (const task of branches) this.#controller.tell({ type: "submit", task });
  }

  /** Once a task, whatever the number of its branches. */
  #drop({ branches: [task] }: Offered): void {
    if (task === undefined) return;
    this.#controller.tell({
      type: "stageDropped",
      task: { ...task, payload: null },
      reason: "windowFull",
      detail: `live source, ${this.#policy}`,
    });
  }
}
