/** What an UltraFace model says, as boxes (Linzaer, Ultra-Light-Fast-Generic-Face-Detector-1MB). */

import type { Detection } from "../../task/service.js";
import { clippedToFrame } from "./box.js";
import { number, probability } from "./model-output.js";
import type { Size } from "./resample.js";

/** Of each feature map: pixels between its cells, and boxes of different size that each cell proposes. */
const FEATURE_MAPS = [
  { stride: 8, boxes: 3 },
  { stride: 16, boxes: 2 },
  { stride: 32, boxes: 2 },
  { stride: 64, boxes: 3 },
] as const;

/** Boxes that a model for inputs of this size proposes: 4,420 for 320 x 240. */
export function ultrafacePriorCount({ width, height }: Size): number {
  return FEATURE_MAPS.reduce(
    (sum, { stride, boxes }) => sum + Math.ceil(width / stride) * Math.ceil(height / stride) * boxes,
    0,
  );
}

/**
 * The proposals that score `scoreMin` or more.
 *
 * @param scores float32 `[1, N, 2]`, of background and of face, 0 to 1
 * @throws OutputError where a score is no probability or a box no number
 * @param boxes float32 `[1, N, 4]`, left, top, right and bottom in shares of the frame
 */
export function decodeUltraface(scores: Float32Array, boxes: Float32Array, scoreMin: number): Detection[] {
  const found: Detection[] = [];
  for (let index = 0; 2 * index < scores.length; index++) {
    const score = probability(scores[2 * index + 1]);
    if (score < scoreMin) continue;
    const at = 4 * index;
    const [left, top] = [number(boxes[at]), number(boxes[at + 1])];
    const box = clippedToFrame(left, top, number(boxes[at + 2]), number(boxes[at + 3]));
    if (box !== null) found.push({ ...box, score, label: "face" });
  }
  return found;
}
