/** When tasks left their sources and when they were durable, by the simulator's own time, which no clock of a node is. */

import type { NewRecord, Store } from "../storage/results/store.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey } from "../task/identity.js";
import type { Task } from "../task/task.js";
import { propertyOf } from "./property-of.js";
import type { VirtualTime } from "./virtual-time.js";

export class TaskTimes {
  readonly #time: VirtualTime;
  readonly #left = new Map<string, number>();
  readonly #stored = new Map<string, number>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Notes each task as a controller first has it. */
  readonly decorate: Decorate = (name, behaviour) => {
    if (name !== "controller") return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, task } = message as { readonly type?: unknown; readonly task?: Task };
        if (type === "submit" && task !== undefined) {
          const key = taskKey(task.id);
          if (!this.#left.has(key)) this.#left.set(key, this.#time.nowMs);
        }
        return behaviour.receive(state, message, ctx);
      },
    };
  };

  /** Notes each record as it is durable. */
  watch(store: Store): Store {
    return new Proxy(store, {
      get: (target, property) => {
        if (property !== "append") return propertyOf(target, property);
        return async (records: readonly NewRecord[]) => {
          const appended = await target.append(records);
          for (const { id } of records) {
            const key = taskKey(id);
            // One that is delivered again after that is only found to be there.
            if (!this.#stored.has(key)) this.#stored.set(key, this.#time.nowMs);
          }
          return appended;
        };
      },
    });
  }

  /** The tasks that had left at `atMs` and were not stored, with how long they took from then on, in ms. */
  underwayAt(atMs: number): readonly (readonly [string, number])[] {
    return [...this.#left].flatMap(([key, leftMs]) => {
      const storedMs = this.#stored.get(key) ?? this.#time.nowMs;
      return leftMs < atMs && storedMs > atMs ? [[key, storedMs - atMs] as const] : [];
    });
  }

  /** Whether a task left its source from `sinceMs` on. */
  leftSince(key: string, sinceMs: number): boolean {
    return (this.#left.get(key) ?? 0) >= sinceMs;
  }

  /** The tasks that left from `sinceMs` on, with how long they took, in ms. */
  since(sinceMs: number): readonly (readonly [string, number])[] {
    return [...this.#left].flatMap(([key, leftMs]) => {
      const tookMs = (this.#stored.get(key) ?? this.#time.nowMs) - leftMs;
      return leftMs >= sinceMs ? [[key, tookMs] as const] : [];
    });
  }
}
