/** The parser of what a service returns: nothing of another shape enters the system. */

import type { DataType, Detection, StageResult } from "../../task/service.js";
import { isFiniteNumber } from "../../task/value-checks.js";

export type ParsedStageResult =
  { readonly ok: true; readonly result: StageResult } | { readonly ok: false; readonly problem: string };

/**
 * Checks what a service returned and copies the declared fields out of it.
 *
 * Written by hand as it runs for every task.
 */
export function parseStageResult(
  value: unknown,
  wanted: { readonly output: DataType; readonly frameCount: number },
): ParsedStageResult {
  if (!isRecord(value)) return problem(`it must be an object: got ${describe(value)}`);
  const { type, frames, continuity } = value;
  if (type !== wanted.output) return problem(`its type must be "${wanted.output}": got ${describe(type)}`);
  if (!Array.isArray(frames) || frames.length !== wanted.frameCount) {
    const got = Array.isArray(frames) ? String(frames.length) : describe(frames);
    return problem(`it must have a list of detections for each of ${wanted.frameCount} frames: got ${got}`);
  }
  if (continuity !== undefined && continuity !== "continued" && continuity !== "restarted") {
    return problem(`its continuity must be "continued" or "restarted": got ${describe(continuity)}`);
  }
  const lists: Detection[][] = [];
  for (const [frameIndex, list] of frames.entries()) {
    if (!Array.isArray(list)) return problem(`frame ${frameIndex} must be a list: got ${describe(list)}`);
    const detections: Detection[] = [];
    for (const [index, item] of list.entries()) {
      const parsed = parseDetection(item);
      if (typeof parsed === "string") return problem(`frame ${frameIndex}, detection ${index}: ${parsed}`);
      detections.push(parsed);
    }
    lists.push(detections);
  }
  return {
    ok: true,
    result: { type: wanted.output, frames: lists, ...(continuity !== undefined && { continuity }) },
  };
}

/** The detection, or what is wrong with it. */
function parseDetection(value: unknown): Detection | string {
  if (!isRecord(value)) return `it must be an object: got ${describe(value)}`;
  const { x, y, width, height, score, label, trackId } = value;
  if (!isFiniteNumber(x)) return `"x" must be a finite number: got ${describe(x)}`;
  if (!isFiniteNumber(y)) return `"y" must be a finite number: got ${describe(y)}`;
  if (!isFiniteNumber(width) || width < 0) return `"width" must be 0 or more: got ${describe(width)}`;
  if (!isFiniteNumber(height) || height < 0) return `"height" must be 0 or more: got ${describe(height)}`;
  if (!isFiniteNumber(score) || score < 0 || score > 1) {
    return `"score" must be a number from 0 to 1: got ${describe(score)}`;
  }
  if (typeof label !== "string") return `"label" must be text: got ${describe(label)}`;
  if (trackId === undefined) return { x, y, width, height, score, label };
  if (!isFiniteNumber(trackId)) return `"trackId" must be a finite number: got ${describe(trackId)}`;
  return { x, y, width, height, score, label, trackId };
}

function problem(text: string): ParsedStageResult {
  return { ok: false, problem: text };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : (JSON.stringify(value) ?? typeof value);
}
