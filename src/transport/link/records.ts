/**
 * What a frame of an open link holds: records, one after the other, each `u8 type, u32 length, body`, little-endian.
 *
 * The one exception is a chunk of a large message: a `chunk` record ends its frame and announces the next frame, which is the
 * bytes of the chunk and nothing else. So pixels are sent from where they are in memory, uncopied.
 */

export const RECORD = {
  /** A whole message of the data lane: an envelope. Costs credit. */
  data: 1,
  /** A whole message of the control lane. */
  control: 2,
  /**
   * Begins a large message: `u32 id, u8 lane, varint count, (varint bytes, u8 shared) * count, varint headBytes`, head. If
   * `headBytes` is 0, the head is the first of the parts that follow.
   */
  open: 3,
  /** `u32 id, u32 bytes`; the bytes are the next frame. In the data lane they cost credit. */
  chunk: 4,
  /** `f64 limit`: bytes of the data lane that the other side may have sent in all. */
  credit: 5,
  /** `f64 sentAtMs, f64 echoedMs, f64 heldMs`: when it was sent, the newest received from the other side and how long ago. */
  heartbeat: 6,
  /** A value of the layer above, ahead of all messages: membership, introductions. */
  notice: 7,
} as const;

export const RECORD_HEADER_BYTES = 5;

export const LANE_CODE = { control: 0, data: 1 } as const;

/** A finished record, or several in a row: `buffer[start..end)`, which nobody writes to any more. */
export interface ByteRange {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}
