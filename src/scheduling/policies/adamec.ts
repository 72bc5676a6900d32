/**
 * AdaMEC: a best-first search for a split and a configuration, from the plan in force.
 *
 * After "adamec" in Dayu, which takes it from "AdaMEC: Towards a Context-adaptive and Dynamically Combinable DNN Deployment Framework
 * for Mobile Edge Computing" (2023): of all that was found and not yet opened the one with the least loss is opened, and its
 * neighbours are found, until the best that is open does not beat the best that was found. Pipelines may fork and join
 * (`split-space.ts`); the search is bounded in plans that it looks at, as every source waits for it.
 */

import { createSplitPolicy, type Found } from "./split-policy.js";
import { keyOfPoint, type Rated, type SplitSpace } from "./split-space.js";

/** Points opened, and plans looked at, in one search. */
const OPENED_MAX = 32;
const TRIED_MAX = 96;
/** What counts as less loss. */
const LESS = 1e-9;

export const adamec = createSplitPolicy({ name: "adamec", how: "best-first search", find: bestFirst });

function bestFirst(space: SplitSpace): Found {
  let best = space.rate(space.current);
  const open: Rated[] = [best];
  const found = new Set([keyOfPoint(best.point)]);
  for (let opened = 0; opened < OPENED_MAX && found.size < TRIED_MAX; opened++) {
    const next = takeLeast(open);
    if (next === null || (opened > 0 && next.loss > best.loss + LESS)) break;
    for (const point of space.neighbours(next.point)) {
      const key = keyOfPoint(point);
      if (found.has(key)) continue;
      found.add(key);
      const rated = space.rate(point);
      open.push(rated);
      if (rated.loss < best.loss - LESS) best = rated;
    }
  }
  return { best, tried: found.size };
}

function takeLeast(open: Rated[]): Rated | null {
  let least = 0;
  for (const [index, { loss }] of open.entries()) if (loss < (open[least]?.loss ?? Infinity)) least = index;
  return open.splice(least, 1)[0] ?? null;
}
