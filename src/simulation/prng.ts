/** A pseudorandom number generator with a seed: the same seed gives the same draws. */

export interface Prng {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both inclusive. */
  between(min: number, max: number): number;
  /** True with this probability, 0 to 1. */
  happens(probability: number): boolean;
  /** One item of a list. @throws RangeError where the list is empty */
  pick<Item>(items: readonly Item[]): Item;
  /** An independent generator, so that the draws of one part change no others. */
  fork(): Prng;
}

/** mulberry32: 32 bits of state, good enough to vary a test. @param seed its lowest 32 bits count */
export function createPrng(seed: number): Prng {
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
    happens: (probability) => next() < probability,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError("Cannot pick from an empty list");
      return item;
    },
    fork: () => createPrng(Math.floor(next() * 2 ** 32)),
  };
}
