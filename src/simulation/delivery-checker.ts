/**
 * How the sources of a simulated node deliver, at every step.
 *
 * SV1 A source makes a task only where its window has room, whatever it has taken over from earlier processes.
 * SV2 A task is not delivered again once its source knows that it is settled.
 */

import type { Decorate } from "../runtime/system-options.js";
import { taskKey, type TaskId } from "../task/identity.js";
import type { Task } from "../task/task.js";
import { isForged } from "./hostile/claims.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

export interface DeliveryCheckerOptions {
  readonly time: VirtualTime;
  /** Tasks under way at once, of each source. */
  readonly windowTasks: number;
  /** Whether a source is on this host. */
  readonly isOwn: (sourceId: string) => boolean;
  readonly process: () => SimulatedProcess | null;
  readonly onViolation: (text: string) => void;
}

/** The tasks of one source, as far as its present process has delivered them. */
interface Deliveries {
  /** The newest delivery of each task under way, by its key. */
  readonly underway: Map<string, number>;
  /** The newest delivery of each task that its source knows to be settled, and when it was told. */
  readonly settled: Map<string, { readonly delivery: number; readonly atMs: number }>;
}

/** What was told to the controller before the settlement has arrived by then, in ms. */
const GRACE_MS = 500;

export class DeliveryChecker {
  readonly #options: DeliveryCheckerOptions;
  #sources = new Map<string, Deliveries>();

  constructor(options: DeliveryCheckerOptions) {
    this.#options = options;
  }

  /** The node starts again. */
  forget(): void {
    this.#sources = new Map();
  }

  readonly decorate: Decorate = (name, behaviour) => {
    if (name === "controller") {
      return {
        ...behaviour,
        receive: (state, message, ctx) => {
          const { type, task } = message as { readonly type?: unknown; readonly task?: Task };
          if (type === "submit" && task !== undefined && task.cameFrom === null && !isForged(task))
            this.#submitted(task);
          return behaviour.receive(state, message, ctx);
        },
      };
    }
    if (!name.startsWith("source-")) return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const next = behaviour.receive(state, message, ctx);
        const { type, id } = message as { readonly type?: unknown; readonly id?: TaskId };
        if (type === "taskSettled" && id !== undefined) this.#settled(id);
        return next;
      },
    };
  };

  #submitted({ id, delivery }: Task): void {
    const { time, windowTasks, isOwn, process, onViolation } = this.#options;
    if (!isOwn(id.sourceId)) return;
    const { underway, settled } = this.#of(id);
    const key = taskKey(id);
    const end = settled.get(key);
    if (end !== undefined) {
      const told = Math.max(end.atMs, process()?.awakeSinceMs ?? Infinity) + GRACE_MS;
      if (delivery <= end.delivery || time.nowMs < told) return;
      onViolation(`needless: ${key} was delivered again although its source knew that it was settled`);
      return;
    }
    const isNew = delivery === 1 && !underway.has(key);
    if (isNew && underway.size >= windowTasks) {
      onViolation(`window: ${key} was made while ${underway.size} others of its source were under way`);
    }
    underway.set(key, Math.max(delivery, underway.get(key) ?? 0));
  }

  #settled(id: TaskId): void {
    const { underway, settled } = this.#of(id);
    const key = taskKey(id);
    const delivery = underway.get(key);
    underway.delete(key);
    if (delivery !== undefined) settled.set(key, { delivery, atMs: this.#options.time.nowMs });
  }

  #of({ sourceId }: TaskId): Deliveries {
    const known = this.#sources.get(sourceId) ?? { underway: new Map(), settled: new Map() };
    this.#sources.set(sourceId, known);
    return known;
  }
}
