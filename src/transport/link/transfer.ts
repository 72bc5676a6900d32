/** A large message being sent: one `open` record announces it, its bytes follow a chunk at a time. */

import type { Lane } from "../../runtime/actor-ref.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import type { FrameWriter } from "./frame-writer.js";
import type { LinkLimits } from "./link-limits.js";
import { LANE_CODE, RECORD, type ByteRange } from "./records.js";

/** A message too large for one record, or with attachments. */
export interface LargeMessage {
  /** The envelope. */
  readonly head: Uint8Array;
  readonly attachments: readonly Uint8Array[];
}

export class Transfer {
  /** Of the head and all attachments. */
  readonly bytes: number;
  readonly #id: number;
  /** Sent with the `open` record; null if it is too long for that, and is the first of the parts. */
  readonly #head: Uint8Array | null;
  readonly #parts: readonly Uint8Array[];
  readonly #limits: LinkLimits;
  #opened = false;
  /** The next byte to send: which part, and where in it. */
  #part = 0;
  #offset = 0;

  /** @param id unique among the transfers of a link */
  constructor(id: number, { head, attachments }: LargeMessage, limits: LinkLimits) {
    const short = head.byteLength <= limits.inlineBytes && attachments.length > 0;
    this.#id = id;
    this.#head = short ? head : null;
    this.#parts = short ? attachments : [head, ...attachments];
    this.bytes = attachments.reduce((sum, part) => sum + part.byteLength, head.byteLength);
    this.#limits = limits;
  }

  /** Whether all of it has been sent. */
  get done(): boolean {
    return this.#part >= this.#parts.length;
  }

  /** Sends the next chunk. @returns its size in bytes */
  sendChunk(frames: FrameWriter, lane: Lane): number {
    const part = this.#parts[this.#part] ?? new Uint8Array();
    const bytes = Math.min(this.#limits.chunkBytes, part.byteLength - this.#offset);
    const records: ByteRange[] = [];
    if (!this.#opened) {
      this.#opened = true;
      records.push(frames.record(RECORD.open, (writer) => this.#writeOpen(writer, lane)));
    }
    records.push(
      frames.record(RECORD.chunk, (writer) => {
        writer.u32(this.#id);
        writer.u32(bytes);
      }),
    );
    frames.send(records);
    frames.sendFrame(part.subarray(this.#offset, this.#offset + bytes));
    this.#offset += bytes;
    // An empty attachment has no chunk of its own.
    while (!this.done && this.#offset >= (this.#parts[this.#part]?.byteLength ?? 0)) {
      this.#part += 1;
      this.#offset = 0;
    }
    return bytes;
  }

  #writeOpen(writer: ByteWriter, lane: Lane): void {
    writer.u32(this.#id);
    writer.u8(LANE_CODE[lane]);
    writer.varint(this.#parts.length);
    for (const { byteLength, buffer } of this.#parts) {
      writer.varint(byteLength);
      writer.u8(buffer instanceof SharedArrayBuffer ? 1 : 0);
    }
    writer.varint(this.#head?.byteLength ?? 0);
    if (this.#head !== null) writer.bytes(this.#head);
  }
}
