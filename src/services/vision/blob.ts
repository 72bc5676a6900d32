/** Blobs on a grid of cells: what is left of a connected component once its shape does not matter any more. */

export interface Blob {
  /** Columns and rows; `right` and `bottom` are exclusive. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Cells that belong to it. */
  readonly area: number;
  /** Sum over those cells of what is measured in each. */
  readonly sum: number;
}

/** Joins blobs whose bounding boxes are at most `gap` cells apart along both axes, until no two are. */
export function mergeNear(blobs: readonly Blob[], gap: number): Blob[] {
  const merged: Blob[] = [];
  const waiting = blobs.toReversed();
  for (let blob = waiting.pop(); blob !== undefined; blob = waiting.pop()) {
    const { left, top, right, bottom } = blob;
    const near = merged.findIndex(
      (other) =>
        other.left - right <= gap &&
        left - other.right <= gap &&
        other.top - bottom <= gap &&
        top - other.bottom <= gap,
    );
    const [other] = near === -1 ? [] : merged.splice(near, 1);
    if (other === undefined) merged.push(blob);
    else waiting.push(joined(blob, other));
  }
  return merged;
}

function joined(a: Blob, b: Blob): Blob {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
    area: a.area + b.area,
    sum: a.sum + b.sum,
  };
}
