/** Chance from a seed: the same seed, the same draws. */

export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole, from `min` to `max`, both inclusive. */
  between(min: number, max: number): number;
  /** True so often, 0 to 1. */
  happens(share: number): boolean;
  /** One of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** A stream of its own, so that what one part draws moves no other. */
  fork(): Chance;
}

/** mulberry32: 32 bits of state, good enough to vary a test. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    between,
    happens: (share) => next() < share,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("Nothing to pick from");
      return item;
    },
    fork: () => chanceOf(Math.floor(next() * 2 ** 32)),
  };
}
