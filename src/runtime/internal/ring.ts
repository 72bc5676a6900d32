/** A queue in a ring buffer that doubles when it is full and releases the memory that a burst took. */

/** What an empty queue returns, as any other value may be a message. */
export const NONE: unique symbol = Symbol("none");

const SLOTS_MIN = 4;
/** A larger buffer is released once the queue is empty. */
const SLOTS_KEPT = 1_024;

/** First in, first out; O(1) at both ends. */
export class Ring<T> {
  // A power of two, so that a mask wraps the index.
  #slots: (T | typeof NONE)[] = emptySlots(SLOTS_MIN);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item;
    this.#size += 1;
  }

  /** Adds `item` at the front. */
  unshift(item: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#size += 1;
  }

  shift(): T | typeof NONE {
    if (this.#size === 0) return NONE;
    const item = this.#at(0);
    this.#slots[this.#head] = NONE;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#slots.length > SLOTS_KEPT) {
      this.#slots = emptySlots(SLOTS_MIN);
      this.#head = 0;
    }
    return item;
  }

  /** Removes the oldest item that `matches`; the items before it move up, in order. */
  remove(matches: (item: T) => boolean): T | typeof NONE {
    for (let index = 0; index < this.#size; index++) {
      const item = this.#at(index);
      if (!matches(item)) continue;
      for (let gap = index; gap > 0; gap--) {
        this.#slots[(this.#head + gap) & (this.#slots.length - 1)] = this.#at(gap - 1);
      }
      this.shift();
      return item;
    }
    return NONE;
  }

  #at(index: number): T {
    // The `size` slots from the head on hold items.
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T;
  }

  #grow(): void {
    const slots = emptySlots<T>(this.#slots.length * 2);
    for (let index = 0; index < this.#size; index++) slots[index] = this.#at(index);
    this.#slots = slots;
    this.#head = 0;
  }
}

function emptySlots<T>(count: number): (T | typeof NONE)[] {
  // `Array.from` takes five times as long, and a burst grows a queue many times.
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<T | typeof NONE>(count).fill(NONE);
}
