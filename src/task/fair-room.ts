/**
 * A bounded room that nobody can take for himself.
 *
 * FR1 What is in it is never more than it holds.
 * FR2 Whoever has more in it than is left for all others gets no more in. So one alone takes half of it and the thing that is
 *     one too many, two take a third each, and whoever comes next finds a place: the dynamic thresholds of Choudhury and Hahne
 *     (IEEE/ACM Transactions on Networking 6(2), 1998), with alpha = 1.
 */

interface Held {
  readonly owner: string;
  readonly size: number;
}

export class FairRoom<Key> {
  readonly #max: number;
  readonly #held = new Map<Key, Held>();
  readonly #ofOwner = new Map<string, number>();
  #size = 0;

  /** @param max what it holds, in the unit of the sizes: things, or bytes */
  constructor(max: number) {
    this.#max = max;
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
    const own = this.#ofOwner.get(owner) ?? 0;
    if (size > left || own >= left) return false;
    this.#held.set(key, { owner, size });
    this.#ofOwner.set(owner, own + size);
    this.#size += size;
    return true;
  }

  /** Gives its place back; nothing where it has none. */
  leave(key: Key): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#size -= held.size;
    const own = (this.#ofOwner.get(held.owner) ?? 0) - held.size;
    if (own > 0) this.#ofOwner.set(held.owner, own);
    else this.#ofOwner.delete(held.owner);
  }
}
