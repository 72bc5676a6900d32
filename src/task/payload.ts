/** The pixels of a task, beside its header: never base64, never re-encoded by a hop. */

import type { FrameEncoding } from "./configuration.js";

/** One picture of a task. */
export interface Frame {
  /** Presentation time in the source, in microseconds. */
  readonly ptsUs: number;
  /**
   * `rgb`: uint8 HWC RGB, `width * height * 3` bytes. `jpeg`: one JPEG image.
   * Backed by shared memory, so that worker threads read it in place; nobody writes to it after capture.
   */
  readonly data: Uint8Array;
}

/** The pictures of a task. */
export interface Payload {
  readonly encoding: FrameEncoding;
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Frame[];
}
