/** What was to be seen in a task, in three numbers: how much, how large and how fast. */

import type { StageResult } from "./service.js";

/** What was to be seen in a task, in three numbers. */
export interface Scene {
  /** Things in a frame, on average. */
  readonly objects: number;
  /** Of a thing's box, as a share of the picture's area, on average; null where nothing was seen. */
  readonly size: number | null;
  /** Of a tracked thing, in sides of the picture a second, on average; null where none was seen in two frames of the task. */
  readonly speed: number | null;
}

/**
 * @param last what the last stage found: what is counted and measured
 * @param results of all stages: those that track tell how fast things are
 * @param framePtsUs presentation time of each frame, in microseconds
 */
export function sceneOf(
  last: StageResult | undefined,
  results: Iterable<StageResult>,
  framePtsUs: readonly number[],
): Scene {
  let count = 0;
  let area = 0;
  for (const frame of last?.frames ?? []) {
    for (const { width, height } of frame) {
      count += 1;
      area += width * height;
    }
  }
  const frames = framePtsUs.length;
  return {
    objects: frames === 0 ? 0 : count / frames,
    size: count === 0 ? null : area / count,
    speed: speedOf(results, framePtsUs),
  };
}

/** From one sighting of a track to the next: the way of its middle over the time between. */
function speedOf(results: Iterable<StageResult>, framePtsUs: readonly number[]): number | null {
  let way = 0;
  let seconds = 0;
  for (const { frames } of results) {
    const before = new Map<number, { readonly x: number; readonly y: number; readonly atUs: number }>();
    for (const [index, frame] of frames.entries()) {
      const atUs = framePtsUs[index] ?? 0;
      for (const { trackId, x, y, width, height } of frame) {
        if (trackId === undefined) continue;
        const now = { x: x + width / 2, y: y + height / 2, atUs };
        const then = before.get(trackId);
        before.set(trackId, now);
        if (then === undefined || !(atUs > then.atUs)) continue;
        way += Math.hypot(now.x - then.x, now.y - then.y);
        seconds += (atUs - then.atUs) / 1e6;
      }
    }
  }
  return seconds > 0 ? way / seconds : null;
}
