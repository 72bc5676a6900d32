/** Frames of a source that are in no task, in words. */

/**
 * @param frames too few for a task, as at the end of a recording, or read ahead when the source was ended or configured anew
 * @returns empty where there are none
 */
export function unusedFramesText(frames: number): string {
  return frames === 0 ? "" : `${frames} ${frames === 1 ? "frame" : "frames"} in no task`;
}

/** @returns empty where none was left out by a motion gate */
export function gatedFramesText(frames: number): string {
  return frames === 0 ? "" : `${frames} ${frames === 1 ? "frame" : "frames"} gated, as nothing moved`;
}
