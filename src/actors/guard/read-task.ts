/**
 * Reads a task that came from another node: every field's type, range and size, so that nobody behind it need look, and no field
 * that is none. By hand and not by schema, as each task passes here at each node.
 */

import type { TaskId } from "../../task/identity.js";
import { CONFIGURATION_LIMITS, PIPELINE_LIMITS, TASK_LIMITS, TEXT_LIMITS } from "../../task/limits.js";
import { isOriginOf } from "../../task/origin.js";
import {
  CLOSING_ENDS,
  DROP_REASONS,
  END,
  type Closing,
  type ClosingCounts,
  type DropRecord,
  type FrameRange,
  type OutageTimes,
  type Pin,
  type Task,
} from "../../task/task.js";
import { VOUCHER_BYTES } from "../../task/voucher.js";
import { parseTraceparent } from "../../task/traceparent.js";
import { isCount, isFiniteNumber, isName, isSourceName } from "../../task/value-checks.js";
import type { Known } from "./rules.js";
import {
  isDelivery,
  isInstant,
  readConfiguration,
  readHop,
  readPayload,
  readResults,
} from "./read-contents.js";
import { fields, isBoundedCount, isText, list, mapOf, wanted, type Fields } from "./checks.js";

const { stagesMax } = PIPELINE_LIMITS;
const { hopsMax } = TASK_LIMITS;
const { framesPerTaskMax } = CONFIGURATION_LIMITS;

/**
 * The task, of the fields that a task has; its bytes as they are.
 *
 * @throws Malformed
 */
export function readTask(value: unknown): Known<Task> {
  const task = fields(value, "a task");
  const { delivery, pipelineId, pipelineVersion, cursor, cameFrom, frameCount, payloadBytes } = task;
  const { sourceAtMs, createdAtMs, deadlineAtMs, origin, traceparent } = task;
  const id = readTaskId(task["id"]);
  wanted(isDelivery(delivery), "the number of its delivery");
  wanted(isName(pipelineId) && isCount(pipelineVersion), "a pipeline by name and version");
  wanted(isCursor(cursor), "a stage cursor");
  wanted(cameFrom === null || isName(cameFrom), "the stage that it came from");
  wanted(
    isBoundedCount(frameCount) && frameCount >= 1 && frameCount <= framesPerTaskMax,
    "a count of frames",
  );
  wanted(isBoundedCount(payloadBytes), "payloadBytes");
  const framePtsUs = list(task["framePtsUs"], framesPerTaskMax, "framePtsUs");
  wanted(framePtsUs.length === frameCount && framePtsUs.every(isFiniteNumber), "a time for each frame");
  wanted(isInstant(sourceAtMs) && isInstant(createdAtMs), "times of source and creation");
  wanted(deadlineAtMs === null || isInstant(deadlineAtMs), "a deadline or null");
  wanted(isOriginOf(id.sourceId, origin), "the address of its generator");
  wanted(
    isText(traceparent, TEXT_LIMITS.traceparent) && parseTraceparent(traceparent) !== null,
    "a traceparent",
  );
  const known: Known<Task> = {
    id,
    delivery,
    pipelineId,
    pipelineVersion,
    cursor,
    cameFrom,
    configuration: readConfiguration(task["configuration"]),
    payload: task["payload"] === null ? null : readPayload(fields(task["payload"], "a payload"), frameCount),
    frameCount,
    payloadBytes,
    framePtsUs,
    results: readResults(task["results"], frameCount),
    hops: list(task["hops"], hopsMax, "hops").map(readHop),
    joinNodes: readJoinNodes(task["joinNodes"]),
    pins: readPins(task["pins"]),
    sourceAtMs,
    createdAtMs,
    deadlineAtMs,
    origin,
    voucher: readVoucher(task["voucher"]),
    traceparent,
  };
  const { framesGated } = task;
  wanted(framesGated === undefined || isBoundedCount(framesGated), "a count of frames left out");
  return withFrames(framesGated === undefined ? known : { ...known, framesGated }, task["frames"]);
}

/** @throws Malformed */
export function readTaskId(value: unknown): Known<TaskId> & { readonly sourceId: string } {
  const { sourceId, incarnation, sequence } = fields(value, "the id of a task");
  wanted(
    isSourceName(sourceId) && isBoundedCount(incarnation) && isBoundedCount(sequence),
    "the id of a task",
  );
  return { sourceId, incarnation, sequence };
}

function readVoucher(value: unknown): Uint8Array {
  wanted(value instanceof Uint8Array && value.byteLength === VOUCHER_BYTES, "a voucher");
  return value;
}

/** As the codec has made it: a map of names has nothing else in it. */
function readJoinNodes(value: unknown): ReadonlyMap<unknown, unknown> {
  const nodes = mapOf(value, stagesMax + 1, "joinNodes");
  for (const [cursor, node] of nodes) wanted(isCursor(cursor) && isName(node), "joinNodes by cursor");
  return nodes;
}

export function readPins(value: unknown): ReadonlyMap<unknown, Known<Pin>> {
  const pins = new Map<unknown, Known<Pin>>();
  for (const [stage, pinned] of mapOf(value, stagesMax, "pins")) {
    const { node, ordinal } = fields(pinned, "a pin");
    wanted(isName(stage) && isName(node) && isBoundedCount(ordinal), "pins by stage");
    pins.set(stage, { node, ordinal });
  }
  return pins;
}

/** @throws Malformed */
export function readDropRecord(value: unknown): Known<DropRecord> {
  const drop = fields(value, "the record of a drop");
  const { delivery, pipelineId, pipelineVersion, reason, stage, node, detail, origin } = drop;
  const { atMs, sourceAtMs, createdAtMs } = drop;
  const id = readTaskId(drop["id"]);
  wanted(isDelivery(delivery), "the number of its delivery");
  wanted(isName(pipelineId) && isCount(pipelineVersion), "a pipeline by name and version");
  const framePtsUs = list(drop["framePtsUs"], framesPerTaskMax, "framePtsUs");
  wanted(framePtsUs.every(isFiniteNumber), "the times of its frames");
  wanted(isDropReason(reason), "a reason that is known");
  wanted(stage === null || isCursor(stage), "the stage of the drop, or null");
  wanted(isName(node) && isText(detail, TEXT_LIMITS.detail), "the node and detail of the drop");
  wanted(isInstant(atMs) && isInstant(sourceAtMs) && isInstant(createdAtMs), "times of the drop");
  wanted(isOriginOf(id.sourceId, origin), "the address of its generator");
  const known: Known<DropRecord> = {
    id,
    delivery,
    pipelineId,
    pipelineVersion,
    framePtsUs,
    joinNodes: readJoinNodes(drop["joinNodes"]),
    pins: readPins(drop["pins"]),
    voucher: readVoucher(drop["voucher"]),
    reason,
    stage,
    node,
    detail,
    atMs,
    sourceAtMs,
    createdAtMs,
    origin,
  };
  const outage = readOutage(drop["outage"]);
  const { disowned } = drop;
  wanted(disowned === undefined || disowned === true, "a task that is disowned, or not");
  const more = { ...(outage !== null && { outage }), ...(disowned === true && { disowned }) };
  return withFrames({ ...known, ...more }, drop["frames"]);
}

/** None is of a task that was made. */
function readOutage(value: unknown): Known<OutageTimes> | null {
  if (value === undefined) return null;
  const { fromMs, toMs, reason, ended } = fields(value, "an outage");
  wanted(isInstant(fromMs) && isInstant(toMs), "the times of an outage");
  wanted(isText(reason, TEXT_LIMITS.detail) && typeof ended === "boolean", "the reason and end of an outage");
  return { fromMs, toMs, reason, ended };
}

/** @throws Malformed */
export function readClosing(value: unknown): Known<Closing> {
  const { id, end, counts, origin, voucher } = fields(value, "the end of an incarnation");
  const known = readTaskId(id);
  wanted(
    CLOSING_ENDS.some((each) => each === end),
    "an end that is known",
  );
  wanted(isOriginOf(known.sourceId, origin), "the address of its generator");
  return {
    id: known,
    end,
    counts: counts === null ? null : readCounts(counts),
    origin,
    voucher: readVoucher(voucher),
  };
}

function readCounts(value: unknown): Known<ClosingCounts> {
  const { stored, dropped, redelivered, framesSkipped, framesGated } = fields(value, "its counts");
  wanted([stored, redelivered, framesSkipped, framesGated ?? 0].every(isCount), "its counts");
  const drops = fields(dropped, "its drops");
  for (const [reason, count] of Object.entries(drops)) {
    wanted(isDropReason(reason) && isCount(count), "its drops by reason");
  }
  return {
    stored,
    dropped: drops,
    redelivered,
    framesSkipped,
    ...(framesGated !== undefined && { framesGated }),
  };
}

/** None is of a live source. */
function withFrames<Of extends { readonly frames?: unknown }>(known: Of, value: unknown): Of {
  if (value === undefined) return known;
  const range = fields(value, "the range of its frames");
  const { after, first, last, passedOver, gated, firstUs, lastUs, lastSourceUs } = range;
  wanted(
    (after === null || isCount(after)) &&
      [first, last, passedOver, gated ?? 0].every(isCount) &&
      [firstUs, lastUs].every(isFiniteNumber) &&
      (lastSourceUs === undefined || isFiniteNumber(lastSourceUs)),
    "the range of its frames",
  );
  const frames: Known<FrameRange> = {
    after,
    first,
    last,
    passedOver,
    ...(gated !== undefined && { gated }),
    firstUs,
    lastUs,
    ...(lastSourceUs !== undefined && { lastSourceUs }),
  };
  return { ...known, frames };
}

/** @throws Malformed */
export function readOutcome(value: unknown): Fields {
  const { status, reason } = fields(value, "an outcome");
  if (status === "stored") return { status };
  wanted(status === "dropped" && isDropReason(reason), "an outcome that is known");
  return { status, reason };
}

function isDropReason(value: unknown): boolean {
  return DROP_REASONS.some((reason) => reason === value);
}

function isCursor(value: unknown): boolean {
  return value === END || isName(value);
}
