/** Which trace a stored task is, and whether it is kept. */

import { createHash } from "node:crypto";
import type { StoredGap, StoredResult } from "../../task/record.js";
import { parseTraceparent } from "../../task/traceparent.js";

/** What is left of a task that was stored or dropped. */
export type TracedRecord = StoredResult | StoredGap;

export interface TraceIds {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of the span that is the whole task, 16 hexadecimal digits. */
  readonly taskSpanId: string;
}

export interface Sampling {
  /** Share of the tasks that are kept whatever becomes of them, 0 to 1. */
  readonly sample: number;
  /** Source timestamp to stored, in ms, from which a task is kept. */
  readonly slowMs: number;
}

export type Kept = "dropped" | "slow" | "sampled";

/** Bits of the randomness of a trace: its last 56 (https://www.w3.org/TR/trace-context-2/, section 3.2.2.3.2). */
const RANDOM_DIGITS = 14;

/**
 * Those of its `traceparent`, whose span is the whole task; the record of a drop has none, so its ids follow from its name.
 *
 * @param cluster an id that no other cluster has
 */
export function traceOf(record: TracedRecord, cluster: string): TraceIds {
  const context = record.type === "result" ? parseTraceparent(record.traceparent) : null;
  if (context !== null) return { traceId: context.traceId, taskSpanId: context.parentId };
  const { sourceId, incarnation, sequence } = record.id;
  const digest = digestOf(`${cluster} ${sourceId} ${incarnation} ${sequence}`);
  return { traceId: digest.slice(0, 32), taskSpanId: digest.slice(32, 48) };
}

/** Of a part of a task: the same whenever it is sent again. */
export function spanIdOf(traceId: string, part: string): string {
  return digestOf(`${traceId} ${part}`).slice(0, 16);
}

/** Why a task is kept; null where it is not. By its trace alone, or by how it ended. */
export function keptAs(record: TracedRecord, { sample, slowMs }: Sampling): Kept | null {
  if (record.type === "gap") return "dropped";
  if (record.storedAtMs - record.sourceAtMs >= slowMs) return "slow";
  const context = parseTraceparent(record.traceparent);
  if (context === null || !context.sampled) return null;
  const random = Number.parseInt(context.traceId.slice(-RANDOM_DIGITS), 16) / 16 ** RANDOM_DIGITS;
  return random < sample ? "sampled" : null;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
