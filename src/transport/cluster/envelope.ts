/**
 * The envelope of a message between nodes: who sends it, to whom, and of which kind it is.
 *
 * `u32 from, u32 to` (sessions of the members, at a fixed place, as a hub reads them and passes the rest on unread), `u8 kind`,
 * and the fields of that kind. An address inside a node is `text path, varint incarnation` (0 for whichever actor has the path).
 */

import type { ByteReader } from "../codec/byte-reader.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import { MalformedError } from "../codec/malformed.js";
import type { DeadLetterReason } from "../../runtime/dead-letters.js";
import type { Terminated } from "../../runtime/behaviour.js";

export const KIND = {
  /** Address, message. */
  tell: 1,
  /** `varint askId`, address, message: the asker hears, by `lost`, if no reply will come. */
  ask: 2,
  /** `varint askId, text target, u8 reason, text cause`: no reply will come. */
  lost: 3,
  /** `varint watchId`, address. */
  watch: 4,
  /** `varint watchId`. */
  unwatch: 5,
  /** `varint watchId, u8 reason`. */
  terminated: 6,
  /** `varint id`: everything for the receiver in this lane of this link was sent before it. */
  flush: 7,
  /** `varint id, u8 lane`: the flush, and so everything before it, has arrived. */
  flushed: 8,
} as const;

/** On the wire a reason is its index in the list: new ones are added at the end. */
const LOSS_REASONS = [
  "mailbox-full",
  "mailbox-dropped",
  "failed",
  "stopped",
  "stale",
  "unreachable",
  "unencodable",
  "link-full",
  "refused",
  "unhandled",
  "too-large",
  "no-memory",
] as const satisfies readonly DeadLetterReason[];

const END_REASONS = ["stopped", "failed", "unreachable"] as const satisfies readonly Terminated["reason"][];

export function readLossReason(reader: ByteReader): DeadLetterReason {
  return pick(LOSS_REASONS, reader.u8());
}

export function readEndReason(reader: ByteReader): Terminated["reason"] {
  return pick(END_REASONS, reader.u8());
}

export function lossCode(reason: DeadLetterReason): number {
  return LOSS_REASONS.indexOf(reason);
}

export function endCode(reason: Terminated["reason"]): number {
  return END_REASONS.indexOf(reason);
}

/** Writes the address of an actor inside its node. */
export function writeAddress(writer: ByteWriter, path: string, incarnation: number | null): void {
  writer.text(path);
  writer.varint(incarnation ?? 0);
}

function pick<Item>(items: readonly Item[], code: number): Item {
  const item = items[code];
  if (item === undefined) throw new MalformedError(`No reason has the code ${code}`);
  return item;
}
