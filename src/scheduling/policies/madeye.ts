/**
 * MadEye: a pool of good plans is kept, and rated anew each time.
 *
 * After "madeye" in Dayu, which takes the idea from "MadEye: Boosting Live Video Analytics Accuracy with Adaptive Camera
 * Configurations" (NSDI 2024): the best candidates of before are a better place to begin than the plan in force alone, as what
 * changed may have made another one of them best. All of the pool are rated under what is known now, their neighbours are added, and the best
 * are kept, until nothing better is found. Pipelines may fork and join (`split-space.ts`).
 */

import { createSplitPolicy, type Found } from "./split-policy.js";
import { keyOfPoint, type Rated, type SplitPoint, type SplitSpace } from "./split-space.js";

/** Candidates kept. */
const POOL = 8;
/** Plans looked at in one search. */
const TRIED_MAX = 96;
const LESS = 1e-9;

export const madeye = createSplitPolicy({
  name: "madeye",
  how: "a pool of good plans",
  find: (space, { kept }) => searchPool(space, kept),
});

function searchPool(space: SplitSpace, kept: readonly SplitPoint[]): Found {
  const found = new Map<string, Rated>();
  const add = (point: SplitPoint): void => {
    const key = keyOfPoint(point);
    if (!found.has(key) && found.size < TRIED_MAX) found.set(key, space.rate(point));
  };
  // A stage may have gone since, and a value of the space.
  for (const point of [space.current, ...kept.map((before) => space.clamp(before))]) add(point);
  let pool = leastOf(found);
  for (;;) {
    const bestBefore = pool[0]?.loss ?? Infinity;
    for (const { point } of pool) for (const neighbour of space.neighbours(point)) add(neighbour);
    pool = leastOf(found);
    if (found.size >= TRIED_MAX || (pool[0]?.loss ?? Infinity) >= bestBefore - LESS) break;
  }
  const best = pool[0] ?? space.rate(space.current);
  return { best, tried: found.size, kept: pool.map(({ point }) => point) };
}

function leastOf(found: ReadonlyMap<string, Rated>): readonly Rated[] {
  return [...found.values()].toSorted((a, b) => a.loss - b.loss).slice(0, POOL);
}
