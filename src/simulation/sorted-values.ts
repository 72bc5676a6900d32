/** Values by key in the order of their keys, as a database has them: a part of them costs no look at the others. */

import type { KeyRange } from "../storage/database.js";

export type Value = string | Uint8Array;
export type Entry = readonly [key: string, value: Value];

export class SortedValues {
  /** No entry is changed: who has a part of them keeps it as it was. */
  readonly #entries: Entry[];

  private constructor(entries: Entry[]) {
    this.#entries = entries;
  }

  static of(values: ReadonlyMap<string, Value>): SortedValues {
    return new SortedValues([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  copy(): SortedValues {
    return new SortedValues(this.#entries.slice());
  }

  get(key: string): Value | undefined {
    const at = firstFrom(this.#entries, key);
    return this.#entries[at]?.[0] === key ? this.#entries[at][1] : undefined;
  }

  set(key: string, value: Value): void {
    const at = firstFrom(this.#entries, key);
    this.#entries.splice(at, this.#entries[at]?.[0] === key ? 1 : 0, [key, value]);
  }

  delete(key: string): void {
    const at = firstFrom(this.#entries, key);
    if (this.#entries[at]?.[0] === key) this.#entries.splice(at, 1);
  }

  /** As they are now, in the order of the range. */
  range({ gte, lt, reverse = false }: KeyRange): readonly Entry[] {
    const part = this.#entries.slice(firstFrom(this.#entries, gte), firstFrom(this.#entries, lt));
    return reverse ? part.toReversed() : part;
  }
}

/** @returns the place of the first entry whose key is `wanted` or behind it */
function firstFrom(entries: readonly Entry[], wanted: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.[0] ?? "") < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
