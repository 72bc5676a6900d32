/**
 * The sequences seen of one incarnation of a source, as ranges: those of a run that lost nothing are one range.
 *
 * Like `storage/results/sequence-ranges.ts`, but changed in place: an audit adds millions near the end, and moves only what
 * comes after.
 */

/** From the one to the other, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export class SequenceSet {
  /** `[from, to, from, to, ...]`, both inclusive, ascending, never adjacent. */
  readonly #bounds: number[] = [];

  /** -1 where it is empty. */
  get highest(): number {
    return this.#bounds.at(-1) ?? -1;
  }

  has(sequence: number): boolean {
    const from = this.#bounds[this.#firstEndingAt(sequence)];
    return from !== undefined && from <= sequence;
  }

  /** @returns false where it was in the set already */
  add(sequence: number): boolean {
    const index = this.#firstEndingAt(sequence);
    const next = this.#bounds[index];
    if (next !== undefined && next <= sequence) return false;
    const joinsBefore = index > 0 && this.#bounds[index - 1] === sequence - 1;
    const joinsNext = next === sequence + 1;
    if (joinsBefore && joinsNext) this.#bounds.splice(index - 1, 2);
    else if (joinsBefore) this.#bounds[index - 1] = sequence;
    else if (joinsNext) this.#bounds[index] = sequence;
    else this.#bounds.splice(index, 0, sequence, sequence);
    return true;
  }

  /** Adds all of it, whatever of it is in the set already. */
  addRange({ from, to }: Range): void {
    const start = this.#firstEndingAt(from - 1);
    let [first, last, end] = [from, to, start];
    for (; (this.#bounds[end] ?? Infinity) <= to + 1; end += 2) {
      first = Math.min(first, this.#bounds[end] ?? first);
      last = Math.max(last, this.#bounds[end + 1] ?? last);
    }
    this.#bounds.splice(start, end - start, first, last);
  }

  /** The sequences from 0 to below `end` that are not in the set, ascending. */
  *missingBelow(end: number): Generator<Range> {
    let from = 0;
    for (let index = 0; index < this.#bounds.length && from < end; index += 2) {
      const start = this.#bounds[index] ?? end;
      if (from < start) yield { from, to: Math.min(start, end) - 1 };
      from = (this.#bounds[index + 1] ?? end) + 1;
    }
    if (from < end) yield { from, to: end - 1 };
  }

  /** Index of the first range whose end is `sequence` or behind it; the length where there is none. */
  #firstEndingAt(sequence: number): number {
    let low = 0;
    let high = this.#bounds.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle * 2 + 1] ?? Infinity) < sequence) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}

/** Those of `[from, to, from, to, ...]`. */
export function* rangesOf(bounds: readonly number[]): Generator<Range> {
  for (let index = 0; index < bounds.length; index += 2) {
    const [from = 0, to = from] = bounds.slice(index, index + 2);
    yield { from, to };
  }
}

/** `range` without the ranges of `[from, to, from, to, ...]`, which are ascending and apart. */
export function* withoutRanges({ from, to }: Range, bounds: readonly number[]): Generator<Range> {
  let start = from;
  for (let index = 0; index < bounds.length; index += 2) {
    const [first = Infinity, last = -1] = bounds.slice(index, index + 2);
    if (last < start) continue;
    if (first > to) break;
    if (start < first) yield { from: start, to: first - 1 };
    start = last + 1;
  }
  if (start <= to) yield { from: start, to };
}

/** `range` without `without`, which is ascending. */
export function* withoutEach({ from, to }: Range, without: readonly number[]): Generator<Range> {
  let start = from;
  for (const sequence of without) {
    if (sequence < start) continue;
    if (sequence > to) break;
    if (start < sequence) yield { from: start, to: sequence - 1 };
    start = sequence + 1;
  }
  if (start <= to) yield { from: start, to };
}
