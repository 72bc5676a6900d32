/** Places in a source that can be read again. */

/** A frame of a source, and what it takes to go on behind it. */
export interface SourcePosition {
  /** Number of the frame in the source, from 0: every frame that is decoded counts, taken or not. */
  readonly frame: number;
  /** Its presentation time as the source gives it, in microseconds. Several frames may have the same one. */
  readonly sourceUs: number;
  /** Its presentation time as tasks carry it, in microseconds: it only grows. */
  readonly ptsUs: number;
  /** The usual time between two frames there, in microseconds; null of the first frame. */
  readonly spacingUs: number | null;
}

/** Which part of a source a task is of. */
export interface SourceSpan {
  /** The last frame of the task before it; null where it begins with the source. */
  readonly after: SourcePosition | null;
  /** Its own last frame. */
  readonly last: SourcePosition;
}
