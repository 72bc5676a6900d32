/** How well boxes agree with the ground truth. */

import { iou, type Box } from "../../src/services/vision/box.js";

export interface Agreement {
  /** Share of the true boxes that some found box covers with an IoU of `matchMin` or more. */
  readonly recall: number;
  /** Mean over the true boxes of the best IoU, 0 for one that was missed. */
  readonly meanIou: number;
  /** Share of the found boxes that match a true box. */
  readonly precision: number;
  readonly trueCount: number;
}

/**
 * @param wanted of each frame the boxes that must be found
 * @param allowed of each frame the boxes that may be found, the wanted ones among them
 */
export function agreement(
  found: readonly (readonly Box[])[],
  wanted: readonly (readonly Box[])[],
  allowed: readonly (readonly Box[])[],
  matchMin: number,
): Agreement {
  const best = (box: Box, others: readonly Box[] = []) =>
    Math.max(0, ...others.map((other) => iou(box, other)));
  const ofWanted = wanted.flatMap((boxes, frame) => boxes.map((box) => best(box, found[frame])));
  const ofFound = found.flatMap((boxes, frame) => boxes.map((box) => best(box, allowed[frame])));
  const share = (values: readonly number[]) =>
    values.filter((value) => value >= matchMin).length / values.length;
  return {
    recall: share(ofWanted),
    meanIou: ofWanted.reduce((sum, value) => sum + value, 0) / ofWanted.length,
    precision: share(ofFound),
    trueCount: ofWanted.length,
  };
}
