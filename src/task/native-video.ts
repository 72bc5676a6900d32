/** What a source itself gives, and which configurations would ask for more than that. */

import type { ConfigurationSpace } from "./configuration-space.js";

/** What a source gives before it is sampled, scaled or encoded. */
export interface NativeVideo {
  readonly width: number;
  readonly height: number;
  /** Frames a second as the source says; null where it does not. */
  readonly fps: number | null;
}

/** Pixels of a side of a video, and its frames per second: beyond what any camera or file says of itself. */
export const NATIVE_LIMITS = { side: 65_536, fps: 1_000_000 };
/** A camera of 30 frames a second may say 29.97. */
const FPS_TOLERANCE = 1.01;

/** As far as it can be: null without a size, and without a rate where that is none. */
export function soundNative({ width, height, fps }: NativeVideo): NativeVideo | null {
  const isSide = (side: number): boolean => Number.isInteger(side) && side >= 1 && side <= NATIVE_LIMITS.side;
  if (!isSide(width) || !isSide(height)) return null;
  return { width, height, fps: fps !== null && fps > 0 && fps <= NATIVE_LIMITS.fps ? fps : null };
}

/**
 * The space without what shows no more than the source has: sizes of more pixels, whichever way up it is, and higher rates. A knob
 * that has no value left stays as asked for.
 */
export function withinNative(space: ConfigurationSpace, native: NativeVideo): ConfigurationSpace {
  const pixels = native.width * native.height;
  const fpsMax = native.fps === null ? Infinity : native.fps * FPS_TOLERANCE;
  return {
    ...space,
    resolutions: space.resolutions.filter(({ width, height }) => width * height <= pixels),
    fps: space.fps.filter((fps) => fps <= fpsMax),
  };
}
