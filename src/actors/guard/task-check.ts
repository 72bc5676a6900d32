/** Whether what came from another node is a task: every field's type, range and size, so that nobody behind it need look. */

import { FRAME_ENCODINGS } from "../../task/configuration.js";
import { CONFIGURATION_LIMITS, PIPELINE_LIMITS, TASK_LIMITS, TEXT_LIMITS } from "../../task/limits.js";
import { isOriginOf } from "../../task/origin.js";
import { CLOSING_ENDS, END, DROP_REASONS } from "../../task/task.js";
import { VOUCHER_BYTES } from "../../task/voucher.js";
import { parseTraceparent } from "../../task/traceparent.js";
import { isCount, isFiniteNumber, isName } from "../../task/value-checks.js";
import { fields, isBoundedCount, isText, list, mapOf, wanted, type Fields } from "./checks.js";

const { stagesMax } = PIPELINE_LIMITS;
const { hopsMax, detectionsMax, deliveriesMax } = TASK_LIMITS;
const { width: widths, height: heights, quality: qualities, fpsMax, framesPerTaskMax } = CONFIGURATION_LIMITS;

/** @throws Malformed */
export function checkTask(value: unknown): void {
  const task = fields(value, "a task");
  const id = checkTaskId(task["id"]);
  wanted(isDelivery(task["delivery"]), "the number of its delivery");
  wanted(isName(task["pipelineId"]) && isCount(task["pipelineVersion"]), "a pipeline by name and version");
  wanted(isCursor(task["cursor"]), "a stage cursor");
  wanted(task["cameFrom"] === null || isName(task["cameFrom"]), "the stage that it came from");
  checkConfiguration(task["configuration"]);
  const { frameCount } = task;
  wanted(
    isBoundedCount(frameCount) && frameCount >= 1 && frameCount <= framesPerTaskMax,
    "a count of frames",
  );
  wanted(isBoundedCount(task["payloadBytes"]), "payloadBytes");
  if (task["payload"] !== null) checkPayload(fields(task["payload"], "a payload"), frameCount);
  const times = list(task["framePtsUs"], framesPerTaskMax, "framePtsUs");
  wanted(times.length === frameCount && times.every(isFiniteNumber), "a time for each frame");
  checkFrameRange(task["frames"]);
  for (const [stage, result] of mapOf(task["results"], stagesMax, "results")) {
    wanted(isName(stage), "results by stage");
    checkResult(result, frameCount);
  }
  for (const hop of list(task["hops"], hopsMax, "hops")) checkHop(hop);
  checkJoinNodes(task["joinNodes"]);
  checkPins(task["pins"]);
  wanted(isInstant(task["sourceAtMs"]) && isInstant(task["createdAtMs"]), "times of source and creation");
  wanted(task["deadlineAtMs"] === null || isInstant(task["deadlineAtMs"]), "a deadline or null");
  wanted(isOriginOf(id.sourceId, task["origin"]), "the address of its generator");
  const { traceparent } = task;
  wanted(
    isText(traceparent, TEXT_LIMITS.traceparent) && parseTraceparent(traceparent) !== null,
    "a traceparent",
  );
  checkVoucher(task["voucher"]);
}

/** @throws Malformed */
export function checkTaskId(value: unknown): { readonly sourceId: string } {
  const { sourceId, incarnation, sequence } = fields(value, "the id of a task");
  wanted(isName(sourceId) && isBoundedCount(incarnation) && isBoundedCount(sequence), "the id of a task");
  return { sourceId };
}

export function isDelivery(value: unknown): boolean {
  return isCount(value) && value > 0 && value <= deliveriesMax;
}

function checkVoucher(value: unknown): void {
  wanted(value instanceof Uint8Array && value.byteLength === VOUCHER_BYTES, "a voucher");
}

function checkJoinNodes(value: unknown): void {
  for (const [cursor, node] of mapOf(value, stagesMax + 1, "joinNodes")) {
    wanted(isCursor(cursor) && isName(node), "joinNodes by cursor");
  }
}

export function checkPins(value: unknown): void {
  for (const [stage, pinned] of mapOf(value, stagesMax, "pins")) {
    const pin = fields(pinned, "a pin");
    wanted(isName(stage) && isName(pin["node"]) && isBoundedCount(pin["ordinal"]), "pins by stage");
  }
}

/** @throws Malformed */
export function checkDropRecord(value: unknown): void {
  const drop = fields(value, "the record of a drop");
  const id = checkTaskId(drop["id"]);
  wanted(isDelivery(drop["delivery"]), "the number of its delivery");
  wanted(isName(drop["pipelineId"]) && isCount(drop["pipelineVersion"]), "a pipeline by name and version");
  const times = list(drop["framePtsUs"], framesPerTaskMax, "framePtsUs");
  wanted(times.every(isFiniteNumber), "the times of its frames");
  checkJoinNodes(drop["joinNodes"]);
  checkPins(drop["pins"]);
  checkVoucher(drop["voucher"]);
  wanted(isDropReason(drop["reason"]), "a reason that is known");
  wanted(drop["stage"] === null || isCursor(drop["stage"]), "the stage of the drop, or null");
  wanted(
    isName(drop["node"]) && isText(drop["detail"], TEXT_LIMITS.detail),
    "the node and detail of the drop",
  );
  wanted(
    isInstant(drop["atMs"]) && isInstant(drop["sourceAtMs"]) && isInstant(drop["createdAtMs"]),
    "times of the drop",
  );
  checkFrameRange(drop["frames"]);
  checkOutage(drop["outage"]);
  wanted(isOriginOf(id.sourceId, drop["origin"]), "the address of its generator");
}

/** @throws Malformed */
export function checkClosing(value: unknown): void {
  const closing = fields(value, "the end of an incarnation");
  checkTaskId(closing["id"]);
  wanted(
    CLOSING_ENDS.some((end) => end === closing["end"]),
    "an end that is known",
  );
  wanted(isOriginOf(Object(closing["id"]).sourceId, closing["origin"]), "the address of its generator");
  checkVoucher(closing["voucher"]);
  if (closing["counts"] === null) return;
  const { stored, dropped, redelivered, framesSkipped } = fields(closing["counts"], "its counts");
  wanted([stored, redelivered, framesSkipped].every(isCount), "its counts");
  for (const [reason, count] of Object.entries(fields(dropped, "its drops"))) {
    wanted(isDropReason(reason) && isCount(count), "its drops by reason");
  }
}

/** None is of a live source. */
function checkFrameRange(value: unknown): void {
  if (value === undefined) return;
  const { after, first, last, passedOver, firstUs, lastUs } = fields(value, "the range of its frames");
  wanted(
    (after === null || isCount(after)) &&
      [first, last, passedOver].every(isCount) &&
      [firstUs, lastUs].every(isFiniteNumber),
    "the range of its frames",
  );
}

/** None is of a task that was made. */
function checkOutage(value: unknown): void {
  if (value === undefined) return;
  const { fromMs, toMs, reason, ended } = fields(value, "an outage");
  wanted(isInstant(fromMs) && isInstant(toMs), "the times of an outage");
  wanted(isText(reason, TEXT_LIMITS.detail) && typeof ended === "boolean", "the reason and end of an outage");
}

/** @throws Malformed */
export function checkOutcome(value: unknown): void {
  const outcome = fields(value, "an outcome");
  const { status, reason } = outcome;
  wanted(status === "stored" || (status === "dropped" && isDropReason(reason)), "an outcome that is known");
}

function isDropReason(value: unknown): boolean {
  return DROP_REASONS.some((reason) => reason === value);
}

function isEncoding(value: unknown): boolean {
  return FRAME_ENCODINGS.some((encoding) => encoding === value);
}

/** ms since the Unix epoch, within what a date can be. ECMA-262, section 21.4.1.1 */
export function isInstant(value: unknown): boolean {
  return isFiniteNumber(value) && Math.abs(value) <= 8.64e15;
}

function isWithin(value: unknown, { min, max }: { readonly min: number; readonly max: number }): boolean {
  return isCount(value) && value >= min && value <= max;
}

function isCursor(value: unknown): boolean {
  return value === END || isName(value);
}

function checkConfiguration(value: unknown): void {
  const { width, height, fps, framesPerTask, encoding, quality, variants } = fields(value, "a configuration");
  wanted(isWithin(width, widths) && isWithin(height, heights), "a configuration with its size");
  wanted(isFiniteNumber(fps) && fps > 0 && fps <= fpsMax, "a configuration with its rate");
  wanted(
    isWithin(framesPerTask, { min: 1, max: framesPerTaskMax }) &&
      isEncoding(encoding) &&
      isWithin(quality, qualities),
    "a configuration",
  );
  if (variants === undefined) return;
  const named = Object.entries(fields(variants, "variants by stage"));
  wanted(
    named.length <= stagesMax && named.every(([stage, variant]) => isName(stage) && isName(variant)),
    "a variant of each stage",
  );
}

function checkPayload(payload: Fields, frameCount: number): void {
  const { encoding, width, height } = payload;
  wanted(
    isBoundedCount(width) && isBoundedCount(height) && width <= widths.max && height <= heights.max,
    "the size of its frames",
  );
  wanted(isEncoding(encoding), "an encoding of frames");
  const frames = list(payload["frames"], framesPerTaskMax, "frames");
  wanted(frames.length === frameCount, "as many frames as it says");
  for (const item of frames) {
    const frame = fields(item, "a frame");
    const { data } = frame;
    wanted(isFiniteNumber(frame["ptsUs"]) && data instanceof Uint8Array, "a frame with its time and bytes");
    const fits = encoding === "rgb" ? data.byteLength === width * height * 3 : data.byteLength > 0;
    wanted(fits, "as many bytes as its frames have pixels");
  }
}

function checkResult(value: unknown, frameCount: number): void {
  const result = fields(value, "the result of a stage");
  wanted(isText(result["type"], TEXT_LIMITS.label), "the type of a result");
  const { continuity } = result;
  wanted(
    continuity === undefined || continuity === "continued" || continuity === "restarted",
    "a continuity that is known",
  );
  const frames = list(result["frames"], framesPerTaskMax, "results by frame");
  wanted(frames.length === frameCount, "a result for each frame");
  for (const found of frames)
    for (const item of list(found, detectionsMax, "detections")) checkDetection(item);
}

function checkDetection(value: unknown): void {
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
}

function checkHop(value: unknown): void {
  const hop = fields(value, "a hop");
  wanted(isName(hop["stage"]) && isName(hop["node"]), "a hop of a stage and a node");
  wanted(hop["variant"] === undefined || isName(hop["variant"]), "the variant of a hop");
  wanted(isBoundedCount(hop["epoch"]) && isDelivery(hop["attempt"]), "a hop with its epoch and attempt");
  wanted(isDelivery(hop["delivery"]), "a hop with its delivery");
  wanted(
    isInstant(hop["enqueuedAtMs"]) && isInstant(hop["startedAtMs"]) && isInstant(hop["endedAtMs"]),
    "the times of a hop",
  );
  wanted(hop["sentAtMs"] === undefined || isInstant(hop["sentAtMs"]), "when it was sent");
}
