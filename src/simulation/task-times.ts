/** When tasks left their sources and when they were durable, by the simulator's own time, which no clock of a node is. */

import { hasSequence } from "../storage/results/sequence-ranges.js";
import type { NewRecord, Store } from "../storage/results/store.js";
import type { TakeSource } from "../node/agent/agent.js";
import type { GeneratorMessage } from "../actors/protocol/generator.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey, type TaskId } from "../task/identity.js";
import type { StoredRecord } from "../task/record.js";
import type { ExpiredTasks } from "../task/record-chain.js";
import { isForged } from "./hostile/claims.js";
import type { Task } from "../task/task.js";
import { propertyOf } from "./property-of.js";
import type { VirtualTime } from "./virtual-time.js";

/** Of a record of which nobody was told where it is. */
export const UNKNOWN_POSITION = -1;
type TaskSettledMessage = Extract<GeneratorMessage, { readonly type: "taskSettled" }>;

export class TaskTimes {
  readonly #time: VirtualTime;
  readonly #left = new Map<string, number>();
  readonly #stored = new Map<string, number>();
  /** By task. */
  readonly #records = new Map<string, StoredRecord>();
  /** By source: what has left and is not durable. */
  readonly #underway = new Map<string, Map<string, TaskId>>();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Notes each task as a controller first has it. */
  readonly decorate: Decorate = (name, behaviour) => {
    if (name.startsWith("source-")) return this.#endsSuperseded(behaviour);
    if (name === "agent") return this.#takesOver(behaviour);
    if (name !== "controller") return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, task } = message as { readonly type?: unknown; readonly task?: Task };
        if (type === "submit" && task !== undefined && !isForged(task)) {
          const key = taskKey(task.id);
          if (!this.#left.has(key)) this.#leave(key, task.id);
        }
        return behaviour.receive(state, message, ctx);
      },
    };
  };

  /** What is superseded is never stored: it ended as another host went on with its source, whenever this one hears of it. */
  #endsSuperseded<State, Message>(behaviour: Behaviour<State, Message>): Behaviour<State, Message> {
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, id, outcome } = message as Partial<TaskSettledMessage>;
        if (type === "taskSettled" && outcome?.status === "dropped" && outcome.reason === "superseded") {
          if (id !== undefined) this.#supersede(id);
        }
        return behaviour.receive(state, message, ctx);
      },
    };
  }

  /** What a host goes on behind is superseded, also where nobody says so to the host that had it. */
  #takesOver<State, Message>(behaviour: Behaviour<State, Message>): Behaviour<State, Message> {
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, definition, takeover = null } = message as Partial<TakeSource>;
        if (type === "takeSource" && definition !== undefined && takeover !== null) {
          for (const id of this.underwayOf(definition.id)) {
            if (id.incarnation <= takeover.incarnationAfter) this.#supersede(id);
          }
        }
        return behaviour.receive(state, message, ctx);
      },
    };
  }

  #supersede(id: TaskId): void {
    const key = taskKey(id);
    this.#stored.set(key, this.#left.get(key) ?? this.#time.nowMs);
    this.#underway.get(id.sourceId)?.delete(key);
  }

  /** Notes each record as it is durable. */
  watch(store: Store): Store {
    return new Proxy(store, {
      get: (target, property) => {
        if (property !== "append") return propertyOf(target, property);
        return async (records: readonly NewRecord[]) => {
          const appended = await target.append(records);
          for (const [index, record] of records.entries()) {
            const { id } = record;
            const key = taskKey(id);
            const answer = appended[index];
            if (answer?.status === "stored") this.#records.set(key, answer.record);
            // A hub that died has stored it, and nobody was told.
            else if (!this.#records.has(key))
              this.#records.set(key, { ...record, position: UNKNOWN_POSITION });
            // One that is delivered again after that is only found to be there.
            if (!this.#stored.has(key)) this.#stored.set(key, this.#time.nowMs);
            this.#underway.get(id.sourceId)?.delete(key);
          }
          return appended;
        };
      },
    });
  }

  #leave(key: string, id: TaskId): void {
    this.#left.set(key, this.#time.nowMs);
    // What a source gives up may be durable as a drop before it leaves.
    if (this.#stored.has(key)) return;
    const ofSource = this.#underway.get(id.sourceId) ?? new Map<string, TaskId>();
    this.#underway.set(id.sourceId, ofSource.set(key, id));
  }

  /** Whether a record of the task is in the store for good, as far as anybody was told. */
  isDurable(id: TaskId): boolean {
    return this.#stored.has(taskKey(id));
  }

  /** What has been stored of the tasks whose records retention has deleted since. */
  storedOf(expired: readonly ExpiredTasks[]): readonly StoredRecord[] {
    return [...this.#records.values()].filter(({ id: { sourceId, incarnation, sequence } }) =>
      expired.some(
        (tasks) =>
          tasks.sourceId === sourceId &&
          tasks.incarnation === incarnation &&
          hasSequence(tasks.sequences, sequence),
      ),
    );
  }

  /** How many tasks have become durable since then. */
  storedSince(sinceMs: number): number {
    return [...this.#stored.values()].filter((storedMs) => storedMs >= sinceMs).length;
  }

  /** The tasks of a source that have left it and of which no record is durable. */
  underwayOf(sourceId: string): readonly TaskId[] {
    return [...(this.#underway.get(sourceId)?.values() ?? [])];
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
