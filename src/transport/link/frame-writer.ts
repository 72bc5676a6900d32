/** Writes the records of a link and hands them to its channel as frames. */

import type { Channel } from "../carrier.js";
import { ByteWriter } from "../codec/byte-writer.js";
import { RECORD_HEADER_BYTES, type ByteRange } from "./records.js";

export class FrameWriter {
  readonly writer = new ByteWriter();
  /** Bytes handed to the channel. */
  sentBytes = 0;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Bytes handed to the channel that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  /** Makes a record of the link itself. @param write puts its body into the writer */
  record(type: number, write: (writer: ByteWriter) => void): ByteRange {
    const { writer } = this;
    writer.begin();
    writer.u8(type);
    writer.u32(0);
    write(writer);
    writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
    return writer.finish();
  }

  /** Sends `ranges` and empties the list; neighbours in memory leave as one frame, uncopied. */
  send(ranges: ByteRange[]): void {
    let first: ByteRange | null = null;
    let end = 0;
    for (const range of ranges) {
      if (first !== null && range.buffer === first.buffer && range.start === end) {
        end = range.end;
        continue;
      }
      if (first !== null) this.sendFrame(first.buffer.subarray(first.start, end));
      first = range;
      end = range.end;
    }
    if (first !== null) this.sendFrame(first.buffer.subarray(first.start, end));
    ranges.length = 0;
  }

  /** Sends `frame` as it is; nobody may write to its bytes afterwards. */
  sendFrame(frame: Uint8Array): void {
    this.sentBytes += frame.byteLength;
    this.#channel.send(frame);
  }
}
