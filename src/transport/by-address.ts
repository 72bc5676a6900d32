/** What waits, by the address that it came from, oldest first: of too many, one of the address that has most has to go. */

export class ByAddress<Item> {
  readonly #groups = new Map<string, Set<Item>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  countOf(address: string): number {
    return this.#groups.get(address)?.size ?? 0;
  }

  add(address: string, item: Item): void {
    let group = this.#groups.get(address);
    if (group === undefined) this.#groups.set(address, (group = new Set()));
    if (group.has(item)) return;
    group.add(item);
    this.#size += 1;
  }

  delete(address: string, item: Item): void {
    const group = this.#groups.get(address);
    if (group?.delete(item) !== true) return;
    this.#size -= 1;
    if (group.size === 0) this.#groups.delete(address);
  }

  /** The address that has most. */
  greediest(): string {
    let greediest = "";
    let most = 0;
    for (const [address, { size }] of this.#groups) {
      if (size <= most) continue;
      greediest = address;
      most = size;
    }
    return greediest;
  }

  /** The oldest of `address` that is not spared; where all are, the oldest. */
  oldestOf(address: string, spared: (item: Item) => boolean = () => false): Item | undefined {
    const group = this.#groups.get(address) ?? [];
    let first: Item | undefined;
    for (const item of group) {
      if (!spared(item)) return item;
      first ??= item;
    }
    return first;
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (const group of this.#groups.values()) yield* group;
  }
}
