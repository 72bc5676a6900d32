/** Places in a source whose frames are evenly apart. */

import type { SourcePosition, SourceSpan } from "../../src/task/position.js";

/** The frame at a time in microseconds, whose source has one each `frameUs` and no steps. */
export function positionAt(ptsUs: number, frameUs: number): SourcePosition {
  return { frame: Math.round(ptsUs / frameUs), sourceUs: ptsUs, ptsUs, spacingUs: frameUs };
}

/** The part of such a source that is its frame at that time. */
export function spanAt(ptsUs: number, frameUs: number): SourceSpan {
  return {
    after: ptsUs === 0 ? null : positionAt(ptsUs - frameUs, frameUs),
    last: positionAt(ptsUs, frameUs),
  };
}
