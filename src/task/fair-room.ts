/**
 * A bounded room that nobody can take for himself.
 *
 * FR1 What is in it is never more than it holds.
 * FR2 Whoever has more in it than is left for all others gets no more in. So one alone takes half of it and the thing that is
 *     one too many, two take a third each, and whoever comes next finds a place: the dynamic thresholds of Choudhury and Hahne
 *     (IEEE/ACM Transactions on Networking 6(2), 1998), with alpha = 1.
 * FR3 Where it has a part of the memory of its node, what is in it counts there as well, and finds room only if there is some.
 */

import type { MemoryBudget, MemoryPart } from "../runtime/memory-budget.js";

/** Whose bytes the sizes of a room are. */
export interface RoomMemory {
  readonly budget: MemoryBudget;
  readonly part: MemoryPart;
}

interface Held {
  readonly owner: string;
  readonly size: number;
}

export class FairRoom<Key> {
  readonly #max: number;
  readonly #memory: RoomMemory | null;
  readonly #held = new Map<Key, Held>();
  readonly #ofOwner = new Map<string, number>();
  #size = 0;

  /**
   * @param max what it holds, in the unit of the sizes: things, or bytes
   * @param memory of a room of bytes: what they are a part of. Default: of nothing
   */
  constructor(max: number, memory: RoomMemory | null = null) {
    this.#max = max;
    this.#memory = memory;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Takes something in. What is in it already keeps its place.
   *
   * @param size default 1
   * @returns false where there is no room for it, or no more for this owner
   */
  enter(key: Key, owner: string, size = 1): boolean {
    if (this.#held.has(key)) return true;
    const left = this.#max - this.#size;
    if (size > left || (this.#ofOwner.get(owner) ?? 0) >= left) return false;
    if (this.#memory !== null && !this.#memory.budget.share(owner).take(this.#memory.part, size))
      return false;
    this.#put(key, owner, size);
    return true;
  }

  /**
   * Something else takes the place that a thing had, and its size.
   *
   * @returns false where there is no room for it, or no more for this owner: the place is as it was
   */
  replace(key: Key, owner: string, size: number): boolean {
    const before = this.#held.get(key);
    this.leave(key);
    if (this.enter(key, owner, size)) return true;
    if (before === undefined) return false;
    if (this.#memory !== null) {
      this.#memory.budget.share(before.owner).change(this.#memory.part, before.size);
    }
    this.#put(key, before.owner, before.size);
    return false;
  }

  /** Gives its place back; nothing where it has none. */
  leave(key: Key): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#size -= held.size;
    if (this.#memory !== null) this.#memory.budget.share(held.owner).give(this.#memory.part, held.size);
    const own = (this.#ofOwner.get(held.owner) ?? 0) - held.size;
    if (own > 0) this.#ofOwner.set(held.owner, own);
    else this.#ofOwner.delete(held.owner);
  }

  #put(key: Key, owner: string, size: number): void {
    this.#held.set(key, { owner, size });
    this.#ofOwner.set(owner, (this.#ofOwner.get(owner) ?? 0) + size);
    this.#size += size;
  }
}
