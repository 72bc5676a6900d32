/**
 * How well tracks agree with the truth, by the two measures of the MOTChallenge: MOTA counts what is missed, what is false and where
 * an id changes (Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", 2008), and
 * IDF1 how long each thing keeps one id (Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera
 * Tracking", 2016). Both match boxes from an IoU of 0.5 on.
 */

import { assign, pairUp } from "../../src/services/vision/assignment.js";
import { iou, type Box } from "../../src/services/vision/box.js";

export interface Identified extends Box {
  readonly id: string | number;
}

export interface TrackingScore {
  /** 1 less misses, false boxes and changes of id, each over the number of true boxes; below 0 where there are more of them. */
  readonly mota: number;
  /** Harmonic mean of the shares of true and of found boxes that one fixed pairing of ids explains; 0 to 1. */
  readonly idf1: number;
  readonly misses: number;
  readonly falseBoxes: number;
  readonly idChanges: number;
}

const IOU_MIN = 0.5;

/** @param truth of each frame its true boxes. @param found of each frame the boxes of tracks */
export function trackingScore(
  truth: readonly (readonly Identified[])[],
  found: readonly (readonly Identified[])[],
): TrackingScore {
  const clear = clearMot(truth, found);
  const trueCount = truth.flat().length;
  const { misses, falseBoxes, idChanges } = clear;
  return {
    mota: 1 - (misses + falseBoxes + idChanges) / trueCount,
    idf1: (2 * explained(truth, found)) / (trueCount + found.flat().length),
    ...clear,
  };
}

type Id = Identified["id"];

function clearMot(
  truth: readonly (readonly Identified[])[],
  found: readonly (readonly Identified[])[],
): Pick<TrackingScore, "misses" | "falseBoxes" | "idChanges"> {
  const last = new Map<Id, Id>();
  let [misses, falseBoxes, idChanges] = [0, 0, 0];
  truth.forEach((wanted, frame) => {
    const given = found[frame] ?? [];
    const matched = matches(wanted, given, last);
    for (const [box, own] of matched) {
      if (last.has(box.id) && last.get(box.id) !== own.id) idChanges++;
      last.set(box.id, own.id);
    }
    misses += wanted.length - matched.length;
    falseBoxes += given.length - matched.length;
  });
  return { misses, falseBoxes, idChanges };
}

/** Pairs that overlap enough: first as many as can be that were one before, then as many as can be, then the greatest overlap. */
function matches(
  wanted: readonly Identified[],
  given: readonly Identified[],
  last: ReadonlyMap<Id, Id>,
): readonly (readonly [Identified, Identified])[] {
  // More than all overlaps together: one pair that was one before outweighs them.
  const bonus = (Math.min(wanted.length, given.length) + 1) ** 2;
  return pairUp(wanted, given, (box, own) => {
    const overlap = iou(box, own);
    if (overlap < IOU_MIN) return null;
    return 1 - overlap - (last.get(box.id) === own.id ? bonus : 0);
  });
}

/** True boxes that have a box of the id that their own id is paired with, over the whole, in the best of all pairings. */
function explained(
  truth: readonly (readonly Identified[])[],
  found: readonly (readonly Identified[])[],
): number {
  const rows = [...new Set(truth.flat().map(({ id }) => id))];
  const columns = [...new Set(found.flat().map(({ id }) => id))];
  const together = new Float64Array(rows.length * columns.length);
  truth.forEach((wanted, frame) => {
    for (const box of wanted) {
      for (const own of found[frame] ?? []) {
        if (iou(box, own) < IOU_MIN) continue;
        const at = rows.indexOf(box.id) * columns.length + columns.indexOf(own.id);
        together[at] = (together[at] ?? 0) + 1;
      }
    }
  });
  const pairing = assign(
    together.map((count) => -count),
    rows.length,
    columns.length,
  );
  return pairing.reduce(
    (sum, column, row) => sum + (column < 0 ? 0 : (together[row * columns.length + column] ?? 0)),
    0,
  );
}
