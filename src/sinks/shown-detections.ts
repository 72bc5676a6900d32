/** What a stored result found, as others want to be told: of one stage, frame by frame, each with its time. */

import type { Detection } from "../task/service.js";
import type { StoredResult } from "../task/record.js";

export interface ShownFrame {
  /** When it left the source, ms since the Unix epoch. */
  readonly atMs: number;
  readonly detections: readonly Detection[];
}

/** Of the last stage that follows objects, or of the last one where none does; null where no stage found anything to show. */
export function shownFrames(
  record: StoredResult,
): { readonly stage: string; readonly frames: readonly ShownFrame[] } | null {
  const stages = [...new Set(record.hops.map(({ stage }) => String(stage)))].filter(
    (stage) => stage in record.results,
  );
  const follows = (stage: string): boolean =>
    record.results[stage]?.frames.some((frame) => frame.some(({ trackId }) => trackId !== undefined)) ===
    true;
  const stage = stages.findLast(follows) ?? stages.at(-1);
  const result = stage === undefined ? undefined : record.results[stage];
  if (stage === undefined || result === undefined) return null;
  const [firstUs = 0] = record.framePtsUs;
  const frames = result.frames.map((detections, index) => ({
    atMs: record.sourceAtMs + ((record.framePtsUs[index] ?? firstUs) - firstUs) / 1_000,
    detections,
  }));
  return { stage, frames };
}
