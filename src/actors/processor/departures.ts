/**
 * The order in which tasks leave a stage that has several workers, where a stage behind it has state: those of a source in the order
 * in which they were begun. A pure structure.
 *
 * D1 What is done waits for those of its source that were begun before it, and for nothing else.
 * D2 A source of which `begunMax` tasks were begun and have not left begins no other one: so what waits here is bounded.
 */

import type { SourceId } from "../../task/identity.js";
import type { Entry } from "./source-lanes.js";

export class Departures<Answer> {
  readonly #begunMax: number;
  /** By source, its tasks as they were begun, with the answer of those that are done. None is empty. */
  readonly #begun = new Map<SourceId, Map<Entry, Answer | null>>();

  /** @param begunMax tasks of one source, 1 or more */
  constructor(begunMax: number) {
    this.#begunMax = begunMax;
  }

  /** Whether the task may be given to a worker now; one that was begun before may, to be tried again. */
  mayBegin(entry: Entry): boolean {
    const begun = this.#begun.get(entry.task.id.sourceId);
    return begun === undefined || begun.size < this.#begunMax || begun.has(entry);
  }

  /** One that is tried again keeps its place. */
  begin(entry: Entry): void {
    const { sourceId } = entry.task.id;
    const begun = this.#begun.get(sourceId);
    if (begun === undefined) this.#begun.set(sourceId, new Map([[entry, null]]));
    else if (!begun.has(entry)) begun.set(entry, null);
  }

  /** The task is done. Returns the answers that leave now, in order. */
  finish(entry: Entry, answer: Answer): readonly Answer[] {
    this.#begun.get(entry.task.id.sourceId)?.set(entry, answer);
    return this.#leave(entry.task.id.sourceId);
  }

  /** The task leaves at once, without an answer that waits. Returns those that waited for it, in order. */
  abandon(entry: Entry): readonly Answer[] {
    this.#begun.get(entry.task.id.sourceId)?.delete(entry);
    return this.#leave(entry.task.id.sourceId);
  }

  clear(): void {
    this.#begun.clear();
  }

  #leave(sourceId: SourceId): readonly Answer[] {
    const begun = this.#begun.get(sourceId);
    if (begun === undefined) return [];
    const free: Answer[] = [];
    for (const [entry, answer] of begun) {
      if (answer === null) break;
      begun.delete(entry);
      free.push(answer);
    }
    if (begun.size === 0) this.#begun.delete(sourceId);
    return free;
  }
}
