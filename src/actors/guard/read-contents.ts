/** Reads what a task carries from another node: its configuration, pixels, results and hops. */

import { FRAME_ENCODINGS, type Configuration } from "../../task/configuration.js";
import { CONFIGURATION_LIMITS, PIPELINE_LIMITS, TASK_LIMITS, TEXT_LIMITS } from "../../task/limits.js";
import type { Frame, Payload } from "../../task/payload.js";
import { motionGateForm, type MotionGate } from "../../task/motion-gate.js";
import type { Detection, StageResult } from "../../task/service.js";
import type { Hop } from "../../task/task.js";
import { parseWith } from "../../runtime/parse.js";
import { isCount, isFiniteNumber, isName, isSha256 } from "../../task/value-checks.js";
import { fields, isBoundedCount, isText, list, mapOf, wanted, type Fields } from "./checks.js";
import type { Known } from "./rules.js";

const { stagesMax } = PIPELINE_LIMITS;
const { detectionsMax, deliveriesMax } = TASK_LIMITS;
const { width: widths, height: heights, quality: qualities, fpsMax, framesPerTaskMax } = CONFIGURATION_LIMITS;

export function isDelivery(value: unknown): boolean {
  return isCount(value) && value > 0 && value <= deliveriesMax;
}

/** ms since the Unix epoch, within what a date can be. ECMA-262, section 21.4.1.1 */
export function isInstant(value: unknown): boolean {
  return isFiniteNumber(value) && Math.abs(value) <= 8.64e15;
}

export function readConfiguration(value: unknown): Known<Configuration> {
  const { width, height, fps, framesPerTask, encoding, quality, variants, motionGate } = fields(
    value,
    "a configuration",
  );
  wanted(isWithin(width, widths) && isWithin(height, heights), "a configuration with its size");
  wanted(isFiniteNumber(fps) && fps > 0 && fps <= fpsMax, "a configuration with its rate");
  wanted(
    isWithin(framesPerTask, { min: 1, max: framesPerTaskMax }) &&
      isEncoding(encoding) &&
      isWithin(quality, qualities),
    "a configuration",
  );
  const plain = { width, height, fps, framesPerTask, encoding, quality };
  const known = motionGate === undefined ? plain : { ...plain, motionGate: readGate(motionGate) };
  if (variants === undefined) return known;
  const named = fields(variants, "variants by stage");
  const entries = Object.entries(named);
  wanted(
    entries.length <= stagesMax && entries.every(([stage, variant]) => isName(stage) && isName(variant)),
    "a variant of each stage",
  );
  return { ...known, variants: named };
}

/** Only of sources that have one. */
function readGate(value: unknown): MotionGate | null {
  const parsed = parseWith(motionGateForm.nullable(), value);
  wanted(parsed.ok, "a configuration with its motion gate");
  return parsed.value;
}

export function readPayload(payload: Fields, frameCount: number): Known<Payload> {
  const { encoding, width, height } = payload;
  wanted(
    isBoundedCount(width) && isBoundedCount(height) && width <= widths.max && height <= heights.max,
    "the size of its frames",
  );
  wanted(isEncoding(encoding), "an encoding of frames");
  const frames = list(payload["frames"], framesPerTaskMax, "frames");
  wanted(frames.length === frameCount, "as many frames as it says");
  const read = frames.map((item): Known<Frame> => {
    const { ptsUs, data } = fields(item, "a frame");
    wanted(isFiniteNumber(ptsUs) && data instanceof Uint8Array, "a frame with its time and bytes");
    const fits = encoding === "rgb" ? data.byteLength === width * height * 3 : data.byteLength > 0;
    wanted(fits, "as many bytes as its frames have pixels");
    return { ptsUs, data };
  });
  return { encoding, width, height, frames: read };
}

export function readResults(value: unknown, frameCount: number): ReadonlyMap<unknown, Known<StageResult>> {
  const results = new Map<unknown, Known<StageResult>>();
  for (const [stage, result] of mapOf(value, stagesMax, "results")) {
    wanted(isName(stage), "results by stage");
    results.set(stage, readResult(result, frameCount));
  }
  return results;
}

function readResult(value: unknown, frameCount: number): Known<StageResult> {
  const result = fields(value, "the result of a stage");
  const { type, continuity } = result;
  wanted(isText(type, TEXT_LIMITS.label), "the type of a result");
  wanted(
    continuity === undefined || continuity === "continued" || continuity === "restarted",
    "a continuity that is known",
  );
  const found = list(result["frames"], framesPerTaskMax, "results by frame");
  wanted(found.length === frameCount, "a result for each frame");
  const frames = found.map((each) => list(each, detectionsMax, "detections").map(readDetection));
  return continuity === undefined ? { type, frames } : { type, frames, continuity };
}

function readDetection(value: unknown): Known<Detection> {
  const { x, y, width, height, score, label, trackId } = fields(value, "a detection");
  wanted(
    isFiniteNumber(x) &&
      isFiniteNumber(y) &&
      isFiniteNumber(width) &&
      isFiniteNumber(height) &&
      isFiniteNumber(score),
    "a detection in numbers",
  );
  wanted(
    isText(label, TEXT_LIMITS.label) && (trackId === undefined || isBoundedCount(trackId)),
    "a detection with its label",
  );
  if (trackId === undefined) return { x, y, width, height, score, label };
  return { x, y, width, height, score, label, trackId };
}

export function readHop(value: unknown): Known<Hop> {
  const hop = fields(value, "a hop");
  const { stage, variant, model, node, epoch, attempt, delivery, sentAtMs } = hop;
  const { enqueuedAtMs, startedAtMs, endedAtMs } = hop;
  wanted(isName(stage) && isName(node), "a hop of a stage and a node");
  wanted(variant === undefined || isName(variant), "the variant of a hop");
  wanted(model === undefined || isSha256(model), "the SHA-256 of the model of a hop");
  wanted(isBoundedCount(epoch) && isDelivery(attempt), "a hop with its epoch and attempt");
  wanted(isDelivery(delivery), "a hop with its delivery");
  wanted(isInstant(enqueuedAtMs) && isInstant(startedAtMs) && isInstant(endedAtMs), "the times of a hop");
  wanted(sentAtMs === undefined || isInstant(sentAtMs), "when it was sent");
  return {
    stage,
    ...(variant !== undefined && { variant }),
    ...(model !== undefined && { model }),
    node,
    epoch,
    attempt,
    delivery,
    ...(sentAtMs !== undefined && { sentAtMs }),
    enqueuedAtMs,
    startedAtMs,
    endedAtMs,
  };
}

function isEncoding(value: unknown): boolean {
  return FRAME_ENCODINGS.some((encoding) => encoding === value);
}

function isWithin(value: unknown, { min, max }: { readonly min: number; readonly max: number }): boolean {
  return isCount(value) && value >= min && value <= max;
}
