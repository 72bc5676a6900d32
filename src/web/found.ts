/** What a result found, where it is in the picture. Runs in browsers, too. */

import type { StoredResult } from "../task/record.js";
import type { Detection } from "../task/service.js";

/** In shares of the picture, from its top left. */
export interface Found {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  /** Null of what no tracker follows. */
  readonly trackId: number | null;
}

/** Things of one frame that are shown. */
const FOUND_MAX = 100;

/** Of the last frame of the last stage that found anything. */
export function foundIn({ hops, results }: Pick<StoredResult, "hops" | "results">): readonly Found[] {
  for (const { stage } of hops.toReversed()) {
    const found = results[stage]?.frames.at(-1) ?? [];
    if (found.length > 0) return found.slice(0, FOUND_MAX).map(placeOf);
  }
  return [];
}

function placeOf({ x, y, width, height, label, trackId }: Detection): Found {
  return { x, y, width, height, label, trackId: trackId ?? null };
}
