/** Greedy non-maximum suppression: of boxes that overlap too much and have the same label, the best stays. */

import type { Detection } from "../../task/service.js";
import { iou } from "./box.js";

export interface NmsOptions {
  /** Overlap of two boxes of a label above which the lesser one goes, as intersection over union, 0 to 1. */
  readonly iouMax: number;
  /** Most detections kept, best first; it also bounds the time, which grows with kept times offered. */
  readonly countMax: number;
}

/** @returns what is kept, by falling score; the detections themselves are not copied. */
export function suppressNonMaxima(
  detections: readonly Detection[],
  { iouMax, countMax }: NmsOptions,
): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of detections.toSorted((a, b) => b.score - a.score)) {
    if (kept.length === countMax) break;
    const rival = kept.some((better) => better.label === candidate.label && iou(better, candidate) > iouMax);
    if (!rival) kept.push(candidate);
  }
  return kept;
}
