/**
 * Pairs the tasks of a source that follow each other, in whatever order they come. A task is kept until those before and
 * after it have come, so memory grows with what is missing and what comes late.
 */

import { incarnationText, type IncarnationId } from "./findings.js";
import type { TaskId } from "../task/identity.js";

interface Kept<Value> {
  readonly value: Value;
  before: boolean;
  after: boolean;
}

/** What is left of an incarnation of a source. */
export interface Ends<Value> extends IncarnationId {
  /** The task with sequence 0; null where it has not come. */
  readonly first: Value | null;
  readonly last: { readonly sequence: number; readonly value: Value } | null;
}

export class Neighbours<Value> {
  readonly #incarnations = new Map<string, IncarnationId & { readonly kept: Map<number, Kept<Value>> }>();
  readonly #onPair: (before: Value, after: Value) => void;

  constructor(onPair: (before: Value, after: Value) => void) {
    this.#onPair = onPair;
  }

  add({ sourceId, incarnation, sequence }: TaskId, value: Value): void {
    const key = incarnationText({ sourceId, incarnation });
    const { kept } = this.#incarnations.get(key) ?? { kept: new Map<number, Kept<Value>>() };
    this.#incarnations.set(key, { sourceId, incarnation, kept });
    const own: Kept<Value> = { value, before: false, after: false };
    kept.set(sequence, own);
    const [before, after] = [kept.get(sequence - 1), kept.get(sequence + 1)];
    if (before !== undefined) {
      before.after = own.before = true;
      this.#onPair(before.value, value);
    }
    if (after !== undefined) {
      after.before = own.after = true;
      this.#onPair(value, after.value);
    }
    for (const at of [sequence - 1, sequence, sequence + 1]) {
      const each = kept.get(at);
      // The first task begins its incarnation, and is kept for that.
      if (at > 0 && each !== undefined && each.before && each.after) kept.delete(at);
    }
  }

  /** By source, then incarnation. */
  ends(): readonly Ends<Value>[] {
    return [...this.#incarnations.values()]
      .map(({ sourceId, incarnation, kept }) => {
        let last: Ends<Value>["last"] = null;
        for (const [sequence, { value }] of kept) {
          if (last === null || sequence > last.sequence) last = { sequence, value };
        }
        return { sourceId, incarnation, first: kept.get(0)?.value ?? null, last };
      })
      .sort((a, b) =>
        a.sourceId === b.sourceId ? a.incarnation - b.incarnation : a.sourceId < b.sourceId ? -1 : 1,
      );
  }
}
