/** How a source is captured: the half of a scheduling decision that is not about placement. */

export type FrameEncoding = "rgb" | "jpeg";

export interface Configuration {
  /** Pixels, even, 16 to 7,680. */
  readonly width: number;
  /** Pixels, even, 16 to 4,320. */
  readonly height: number;
  /** Frames per second of source time, above 0 to 240. A source that is slower gives what it has; no frame is repeated. */
  readonly fps: number;
  /** Frames in one task, 1 to 256. */
  readonly framesPerTask: number;
  readonly encoding: FrameEncoding;
  /** Of `jpeg`: 1 (worst) to 100 (best). */
  readonly quality: number;
}
