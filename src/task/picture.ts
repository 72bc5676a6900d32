/** Pictures of what a source captures, for people who look: beside the tasks, never a part of them, never stored. */

import type { FrameEncoding } from "./configuration.js";
import type { TaskId } from "./identity.js";

/** What somebody who looks at a source wants of it. */
export interface PictureLook {
  /** Pictures a second at most, above 0 to `PICTURE_LIMITS.fps`. */
  readonly fps: number;
  /** Pixels at most: a smaller picture stays as it is. */
  readonly widthMax: number;
  /** From now on; a longer look is asked for again. */
  readonly forMs: number;
}

/** The frame of a task whose boxes its result shows: its last. */
export interface TaskPicture {
  readonly id: TaskId;
  /** Presentation time in the source, in microseconds. */
  readonly ptsUs: number;
  readonly encoding: FrameEncoding;
  readonly width: number;
  readonly height: number;
  /** As in a payload: shared, and nobody writes to it. */
  readonly data: Uint8Array;
}

/** A frame as it is shown. */
export interface Picture {
  /** Of the task that has the frame. */
  readonly id: TaskId;
  readonly ptsUs: number;
  /** Of the frame as it was captured. */
  readonly width: number;
  readonly height: number;
  /** One JPEG image, of the same shape or smaller. */
  readonly jpeg: Uint8Array;
  /** Pictures that were due since the last one and left out, as anything else was to be sent or encoded. */
  readonly left: number;
}

export const PICTURE_LIMITS = {
  fps: 10,
  widthMin: 64,
  widthMax: 1_920,
  /** For how long somebody may look without asking again, in ms. */
  forMs: 20_000,
  /** Of one picture as it is sent. */
  bytes: 512 * 1024,
  /** Sources of one node that are looked at, at a time. */
  looks: 256,
} as const;
