/** Frames that go to a thread and back, and what both ends say of them. */

import type { TransferListItem } from "node:worker_threads";

const PAGE_BYTES = 4_096;

export interface FrameRequest {
  readonly data: Uint8Array;
  readonly giveBack: boolean;
}

export interface FrameReply {
  readonly sum: number;
  readonly data: Uint8Array | null;
}

/** Of a byte of each page: whoever tells it has had all of them. */
export function sumOf(data: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += PAGE_BYTES) sum += data[at] ?? 0;
  return sum;
}

/** @throws TypeError where it is shared memory */
export function ownBuffer({ buffer }: Uint8Array): TransferListItem {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new TypeError("Only a buffer of one's own can be transferred");
}
