/** Hashes and compares bytes, four at a time: this is what makes a cache of short texts pay off. */

/** A hash of `length` bytes. It needs no key: texts that are made to collide are read as if there were no cache. */
export function hashOf(view: DataView, start: number, length: number): number {
  let hash = length;
  const end = start + length;
  if (length < 4) {
    for (let at = start; at < end; at += 1) hash = Math.imul(hash, 31) + view.getUint8(at);
  } else {
    for (let at = start; at < end - 4; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    // The last four may overlap with those before.
    hash = Math.imul(hash ^ view.getInt32(end - 4, true), 0x9e3779b1);
  }
  // The upper bits of a product depend on more bits of its factors.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Whether `length` bytes of `a` from `startA` equal those of `b` from `startB`. Its arguments are not an object, as one would
 * have to be allocated for each text.
 */
export function sameBytes(a: DataView, startA: number, b: DataView, startB: number, length: number): boolean {
  if (length < 4) {
    for (let index = 0; index < length; index += 1) {
      if (a.getUint8(startA + index) !== b.getUint8(startB + index)) return false;
    }
    return true;
  }
  const last = length - 4;
  for (let index = 0; index < last; index += 4) {
    if (a.getInt32(startA + index, true) !== b.getInt32(startB + index, true)) return false;
  }
  return a.getInt32(startA + last, true) === b.getInt32(startB + last, true);
}
