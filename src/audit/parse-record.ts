/** Parses an exported record as strictly as an audit needs: identities, hops and times, but not what is in a result. */

import { errorText } from "../runtime/errors.js";
import { jsonOf, parseWith, z } from "../runtime/parse.js";
import { NAME } from "../task/limits.js";
import type { StoredRecord } from "../task/record.js";
import type { ExportTrailer } from "../task/record-chain.js";
import { CLOSING_ENDS, DROP_REASONS } from "../task/task.js";

const name = z.string().regex(NAME, "wanted a name");
const position = z.number().int().min(0);
// Any numbers: the audit finds those that no run writes.
const identity = z.object({ sourceId: name, incarnation: z.number(), sequence: z.number() });

const hop = z.object({
  stage: name,
  variant: name.optional(),
  model: z.string().optional(),
  node: name,
  epoch: z.number().int().min(0),
  attempt: z.number(),
  delivery: z.number().int().min(1),
  sentAtMs: z.number().optional(),
  enqueuedAtMs: z.number(),
  startedAtMs: z.number(),
  endedAtMs: z.number(),
});

const frames = z
  .object({
    after: z.number().nullable(),
    first: z.number(),
    last: z.number(),
    passedOver: z.number(),
    gated: z.number().exactOptional(),
    firstUs: z.number(),
    lastUs: z.number(),
    lastSourceUs: z.number().exactOptional(),
  })
  .optional();

const form = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("result"),
    position,
    id: identity,
    delivery: z.number().int().min(1),
    pipelineId: name,
    pipelineVersion: z.number().int().min(1),
    createdAtMs: z.number(),
    storedAtMs: z.number(),
    frames,
    framesGated: z.number().exactOptional(),
    configuration: z.looseObject({ framesPerTask: z.number() }),
    frameCount: z.number(),
    framePtsUs: z.array(z.number()),
    sourceAtMs: z.number(),
    results: z.record(z.string(), z.looseObject({ frames: z.array(z.unknown()) })),
    chain: z.string().optional(),
    hops: z.array(hop),
  }),
  z.object({
    type: z.literal("gap"),
    position,
    id: identity,
    reason: z.enum(DROP_REASONS),
    sourceAtMs: z.number(),
    storedAtMs: z.number(),
    frames,
    outage: z
      .object({ fromMs: z.number(), toMs: z.number(), reason: z.string(), ended: z.boolean() })
      .optional(),
    chain: z.string().optional(),
  }),
  z.object({
    type: z.literal("closed"),
    position,
    id: identity,
    end: z.enum(CLOSING_ENDS),
    counts: z
      .object({
        stored: z.number(),
        dropped: z.partialRecord(z.enum(DROP_REASONS), z.number()),
        redelivered: z.number(),
        framesSkipped: z.number(),
        framesGated: z.number().exactOptional(),
      })
      .nullable(),
    storedAtMs: z.number(),
    chain: z.string().optional(),
  }),
]);

const count = z.number().int().min(0);
const trailer = z.object({
  type: z.literal("trailer"),
  recordCount: count,
  digest: z.string(),
  whole: z.boolean(),
  statement: z.object({
    firstPosition: count,
    firstChain: z.string(),
    nextPosition: count,
    lastChain: z.string(),
    recordCount: count,
    totals: z.record(
      z.string(),
      z.object({ stored: count, dropped: z.partialRecord(z.enum(DROP_REASONS), count) }),
    ),
    expired: z.array(
      z.object({
        sourceId: name,
        incarnation: count,
        sequences: z.array(count),
        takenOver: z.literal(true).exactOptional(),
      }),
    ),
    mac: z.string(),
  }),
});

/** A record that was read from outside, or what is wrong with it. */
export type ParsedRecord =
  | { readonly ok: true; readonly record: StoredRecord }
  /** One line: what is wrong with it. */
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a record of an exported run.
 *
 * @param text of one line
 */
export function parseRecord(text: string): ParsedRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: errorText(error) };
  }
  const parsed = parseWith(form, value);
  // What is not checked is passed on as it is.
  return parsed.ok ? { ok: true, record: value as StoredRecord } : { ok: false, problem: parsed.problem };
}

/** The trailer of an exported run; null where `text` is none. */
export function parseTrailer(text: string): ExportTrailer | null {
  // A line that is no JSON is no record either, and is named as that.
  const value = jsonOf(text);
  return parseWith(trailer, value).ok ? (value as ExportTrailer) : null;
}
