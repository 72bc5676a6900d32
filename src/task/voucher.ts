/**
 * What the node that captured a task vouches for, as text that both sides make alike: whoever stores the task checks it under
 * the key of that node.
 *
 * Frames and results are not in it: what a node computed is its word, and is marked with its name by the hop.
 */

import type { Closing, FrameRange, Vouched } from "./task.js";

/** Bytes of a voucher: HMAC-SHA256 cut to half, as RFC 2104 section 5 allows. */
export const VOUCHER_BYTES = 16;

/** Makes the voucher of a delivery, or of the end of an incarnation, under the key that this node has now. */
export type Vouch = (of: Omit<Vouched, "voucher"> | Omit<Closing, "voucher">) => Uint8Array;

/** Of a task that has not left its generator yet: nobody takes it. */
export const NO_VOUCHER = new Uint8Array(0);

/** JSON quotes each text and writes each number so that it reads back the same: no two deliveries have one text. */
export function vouchedText(of: Omit<Vouched, "voucher">): string {
  const { sourceId, incarnation, sequence } = of.id;
  return JSON.stringify([
    sourceId,
    incarnation,
    sequence,
    of.delivery,
    of.pipelineId,
    of.pipelineVersion,
    of.framePtsUs,
    of.frames === undefined ? null : rangeText(of.frames),
    of.sourceAtMs,
    of.createdAtMs,
    [...of.joinNodes],
    [...of.pins].map(([stage, { node, ordinal }]) => [stage, node, ordinal]),
    of.origin,
  ]);
}

function rangeText({
  after,
  first,
  last,
  passedOver,
  gated,
  firstUs,
  lastUs,
  lastSourceUs,
}: FrameRange): readonly unknown[] {
  const own = lastSourceUs === undefined ? [] : [lastSourceUs];
  // In a list of its own, so that neither is taken for the other.
  const left = gated === undefined ? [] : [[gated]];
  return [after, first, last, passedOver, firstUs, lastUs, ...own, ...left];
}

/** The same of the end of an incarnation: no delivery has this text, as it is of fewer values. */
export function closingText({ id, end, counts, origin }: Omit<Closing, "voucher">): string {
  const { sourceId, incarnation, sequence } = id;
  const counted = counts && [
    counts.stored,
    Object.entries(counts.dropped).sort(([a], [b]) => (a < b ? -1 : 1)),
    counts.redelivered,
    counts.framesSkipped,
    ...(counts.framesGated === undefined ? [] : [counts.framesGated]),
  ];
  return JSON.stringify([sourceId, incarnation, sequence, end, counted, origin]);
}
