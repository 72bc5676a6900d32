/** What a YOLOX model says, as boxes (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", and `demo_postprocess` of its code). */

import type { Box } from "./box.js";
import { number, probability } from "./model-output.js";
import type { Size } from "./resample.js";

const STRIDES = [8, 16, 32] as const;
/** Centre and size, objectness, then a score for each class. */
const FIELDS_BEFORE_CLASSES = 5;
/** A box is no larger than so many inputs: an infinite one has no corners to cut at the frame. */
const SIZES_MAX = 4;

/** Rows in the output of a model for inputs of this size: one for each cell of each stride's grid. */
export function yoloxRowCount({ width, height }: Size): number {
  return STRIDES.reduce((sum, stride) => sum + Math.trunc(width / stride) * Math.trunc(height / stride), 0);
}

export interface YoloxBox {
  /** In pixels of the model's input. */
  readonly box: Box;
  readonly classIndex: number;
  /** Objectness times the score of the class, 0 to 1. */
  readonly score: number;
}

/**
 * Decodes the output float32 `[1, yoloxRowCount(input), 5 + classes]`, whose centres are offsets in cells of a grid
 * and whose sizes are logarithms in cells.
 *
 * @param classes indexes of the classes wanted
 * @throws OutputError where a score is no probability or a box no number
 * @returns for each row the best of those classes where it scores `scoreMin` or more
 */
export function decodeYolox(
  output: Float32Array,
  input: Size,
  options: { readonly classCount: number; readonly classes: readonly number[]; readonly scoreMin: number },
): YoloxBox[] {
  const { classCount, classes, scoreMin } = options;
  const sizeMax = SIZES_MAX * Math.max(input.width, input.height);
  const rowLength = FIELDS_BEFORE_CLASSES + classCount;
  const found: YoloxBox[] = [];
  let row = 0;
  for (const stride of STRIDES) {
    const columns = Math.trunc(input.width / stride);
    const cells = columns * Math.trunc(input.height / stride);
    for (let cell = 0; cell < cells; cell++, row += rowLength) {
      const objectness = probability(output[row + 4]);
      if (objectness < scoreMin) continue;
      let classIndex = -1;
      let best = -1;
      for (const candidate of classes) {
        const score = probability(output[row + FIELDS_BEFORE_CLASSES + candidate]);
        if (score <= best) continue;
        best = score;
        classIndex = candidate;
      }
      const score = objectness * best;
      if (score < scoreMin) continue;
      const width = Math.min(Math.exp(number(output[row + 2])) * stride, sizeMax);
      const height = Math.min(Math.exp(number(output[row + 3])) * stride, sizeMax);
      const x = (number(output[row]) + (cell % columns)) * stride - width / 2;
      const y = (number(output[row + 1]) + Math.trunc(cell / columns)) * stride - height / 2;
      found.push({ box: { x, y, width, height }, classIndex, score });
    }
  }
  return found;
}
