/**
 * The sending half of a link: what goes out, in which order, and what has to wait.
 *
 * S1 Notices go before control, control before data. Within a lane the messages of one stream keep their order; streams
 *    that wait for credit take turns, a chunk each, so that a small message waits for no large one of another stream.
 * S2 Data goes out only within the credit that the receiver granted; the last record may overdraw it.
 * S3 What waits is bounded in bytes, and so is control that the socket has not taken: what finds no room is refused.
 * S4 All that is sent in one turn goes out together, and records that lie side by side in memory as one frame.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import type { Executor } from "../../runtime/executor.js";
import type { Channel } from "../carrier.js";
import { ByteWriter } from "../codec/byte-writer.js";
import type { LinkLimits } from "./limits.js";
import { LANE_CODE, RECORD, RECORD_HEADER_BYTES, type ByteRange } from "./records.js";

/** A message too large for one record, or with attachments. */
export interface LargeMessage {
  /** The envelope. */
  readonly head: Uint8Array;
  readonly attachments: readonly Uint8Array[];
}

/** A large message on its way: which part goes next, and from where. */
interface Transfer {
  readonly id: number;
  /** Sent with the opening; null where it is too long for that and the first of the parts. */
  readonly head: Uint8Array | null;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  part: number;
  offset: number;
  opened: boolean;
}

type Item = ByteRange | Transfer;

/** Messages to one receiver, in order. */
interface Stream {
  readonly key: string;
  /** Session of the node that they are for. */
  readonly to: number;
  readonly items: Item[];
  /** Index of the first item that is still to go. */
  next: number;
}

/** What a waiting message costs beyond its bytes: the objects around it. */
const ITEM_BYTES = 128;

export class LinkSender {
  readonly writer = new ByteWriter();
  readonly refused = { control: 0, data: 0 };
  /** Bytes handed to the channel. */
  sentBytes = 0;
  readonly #channel: Channel;
  readonly #executor: Executor;
  readonly #limits: LinkLimits;
  readonly #notices: ByteRange[] = [];
  readonly #control: Item[] = [];
  readonly #data: ByteRange[] = [];
  readonly #streams = new Map<string, Stream>();
  /** Streams that wait for credit, in the order of their turns. */
  #line: Stream[] = [];
  /** Messages that wait for credit, by the node that they are for. */
  readonly #waitingFor = new Map<number, number>();
  readonly #barriers: { readonly to: number; readonly record: ByteRange }[] = [];
  #held = false;
  #queuedBytes = 0;
  /** Of control messages that this turn has not sent yet. */
  #controlBytes = 0;
  #creditLimit = 0;
  #creditUsed = 0;
  #lastTransfer = 0;
  #scheduled = false;

  constructor(channel: Channel, executor: Executor, limits: LinkLimits) {
    this.#channel = channel;
    this.#executor = executor;
    this.#limits = limits;
  }

  /** Messages that wait for credit. */
  get waiting(): number {
    let count = 0;
    for (const waiting of this.#waitingFor.values()) count += waiting;
    return count;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The other side has room for `limit` bytes of data since the link began. */
  grant(limit: number): void {
    if (limit <= this.#creditLimit) return;
    this.#creditLimit = limit;
    if (this.#line.length > 0) this.#schedule();
  }

  /** Sends a record of the link itself: what `write` puts into the writer. */
  notice(type: number, write: (writer: ByteWriter) => void): void {
    this.#notices.push(this.#record(type, write));
    this.#schedule();
  }

  /**
   * Sends a record that was written by `beginMessage` and finished since.
   *
   * @returns false where there is no room
   */
  message(lane: Lane, to: number, streamKey: string, record: ByteRange): boolean {
    const bytes = record.end - record.start;
    if (lane === "control") {
      if (!this.#controlFits(bytes)) return false;
      this.#control.push(record);
    } else if (this.#line.length === 0 && this.#creditUsed < this.#creditLimit) {
      this.#creditUsed += bytes;
      this.#data.push(record);
    } else if (!this.#enqueue(to, streamKey, record, bytes)) {
      return false;
    }
    if (!this.#scheduled) this.#schedule();
    return true;
  }

  /** Sends a message in chunks. @returns false where there is no room */
  large(lane: Lane, to: number, streamKey: string, { head, attachments }: LargeMessage): boolean {
    const short = head.byteLength <= this.#limits.inlineBytes && attachments.length > 0;
    const parts = short ? attachments : [head, ...attachments];
    const bytes = attachments.reduce((sum, part) => sum + part.byteLength, head.byteLength);
    const transfer: Transfer = {
      id: ++this.#lastTransfer,
      head: short ? head : null,
      parts,
      bytes,
      part: 0,
      offset: 0,
      opened: false,
    };
    if (lane === "control") {
      if (!this.#controlFits(bytes)) return false;
      this.#control.push(transfer);
    } else if (!this.#enqueue(to, streamKey, transfer, bytes)) {
      return false;
    }
    this.#schedule();
    return true;
  }

  /** Sends `record` once all that was sent to the node `to` on its lane before has gone. */
  barrier(lane: Lane, to: number, record: ByteRange): void {
    if (lane === "control") this.#control.push(record);
    else if (this.#waitingFor.has(to)) this.#barriers.push({ to, record });
    else this.#data.push(record);
    this.#creditUsed += lane === "data" ? record.end - record.start : 0;
    this.#schedule();
  }

  /** Keeps messages back until `release`; notices go on. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  /** Sends what may go now. */
  flush(): void {
    this.#scheduled = false;
    this.#sendRanges(this.#notices);
    if (this.#held) return;
    this.#sendControl();
    this.#sendRanges(this.#data);
    this.#sendWaiting();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#executor.soon(() => {
      if (this.#scheduled) this.flush();
    });
  }

  #controlFits(bytes: number): boolean {
    // What of it is data is bounded by the credit.
    const waiting = this.#channel.bufferedBytes + this.#controlBytes;
    if (waiting + bytes > this.#limits.controlBytes) {
      this.refused.control += 1;
      return false;
    }
    this.#controlBytes += bytes;
    return true;
  }

  #enqueue(to: number, key: string, item: Item, bytes: number): boolean {
    if (this.#queuedBytes + bytes > this.#limits.queueBytes) {
      this.refused.data += 1;
      return false;
    }
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { key, to, items: [], next: 0 };
      this.#streams.set(key, stream);
      this.#line.push(stream);
    }
    stream.items.push(item);
    this.#waitingFor.set(to, (this.#waitingFor.get(to) ?? 0) + 1);
    this.#queuedBytes += bytes + ITEM_BYTES;
    return true;
  }

  #sendControl(): void {
    if (this.#control.length === 0) return;
    this.#controlBytes = 0;
    let ranges: ByteRange[] = [];
    for (const item of this.#control.splice(0)) {
      if (!isTransfer(item)) {
        ranges.push(item);
        continue;
      }
      this.#sendRanges(ranges);
      ranges = [];
      while (!this.#isOver(item)) this.#sendChunk(item, "control");
    }
    this.#sendRanges(ranges);
  }

  /** Lets the streams that wait take turns, as far as the credit goes. */
  #sendWaiting(): void {
    if (this.#line.length === 0) return;
    const ranges: ByteRange[] = [];
    let line = this.#line;
    let at = 0;
    while (at < line.length && this.#creditUsed < this.#creditLimit) {
      const stream = line[at++];
      const item = stream?.items[stream.next];
      if (stream === undefined || item === undefined) continue;
      if (isTransfer(item)) {
        this.#sendRanges(ranges);
        this.#creditUsed += this.#sendChunk(item, "data");
        if (this.#isOver(item)) this.#advance(stream, item.bytes);
      } else {
        const bytes = item.end - item.start;
        ranges.push(item);
        this.#creditUsed += bytes;
        this.#advance(stream, bytes);
      }
      if (stream.next < stream.items.length) line.push(stream);
      else this.#streams.delete(stream.key);
      if (at > 1_024 && at * 2 > line.length) {
        line = line.slice(at);
        at = 0;
      }
    }
    this.#line = at === 0 ? line : line.slice(at);
    this.#sendRanges(ranges);
  }

  #advance(stream: Stream, bytes: number): void {
    this.#queuedBytes -= bytes + ITEM_BYTES;
    stream.next += 1;
    const left = (this.#waitingFor.get(stream.to) ?? 1) - 1;
    if (left > 0) {
      this.#waitingFor.set(stream.to, left);
    } else {
      this.#waitingFor.delete(stream.to);
      this.#passBarriers(stream.to);
    }
    // What has gone is cut off once it is half of what there is, so that each item is moved once at the most.
    if (stream.next < 256 || stream.next * 2 < stream.items.length) return;
    stream.items.splice(0, stream.next);
    stream.next = 0;
  }

  #passBarriers(to: number): void {
    for (let at = this.#barriers.findIndex((barrier) => barrier.to === to); at >= 0;) {
      const [barrier] = this.#barriers.splice(at, 1);
      if (barrier !== undefined) this.#data.push(barrier.record);
      this.#schedule();
      at = this.#barriers.findIndex((other) => other.to === to);
    }
  }

  #isOver(transfer: Transfer): boolean {
    return transfer.part >= transfer.parts.length;
  }

  /** @returns the bytes of the chunk */
  #sendChunk(transfer: Transfer, lane: Lane): number {
    const part = transfer.parts[transfer.part] ?? new Uint8Array();
    const bytes = Math.min(this.#limits.chunkBytes, part.byteLength - transfer.offset);
    const header: ByteRange[] = [];
    if (!transfer.opened) {
      transfer.opened = true;
      header.push(this.#record(RECORD.open, (writer) => writeOpen(writer, transfer, lane)));
    }
    header.push(
      this.#record(RECORD.chunk, (writer) => {
        writer.u32(transfer.id);
        writer.u32(bytes);
      }),
    );
    this.#sendRanges(header);
    this.#sendFrame(part.subarray(transfer.offset, transfer.offset + bytes));
    transfer.offset += bytes;
    // An empty attachment has no chunk of its own.
    while (transfer.part < transfer.parts.length && transfer.offset >= lengthOf(transfer)) {
      transfer.part += 1;
      transfer.offset = 0;
    }
    return bytes;
  }

  #record(type: number, write: (writer: ByteWriter) => void): ByteRange {
    const { writer } = this;
    writer.begin();
    writer.u8(type);
    writer.u32(0);
    write(writer);
    writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
    return writer.finish();
  }

  /** Sends `ranges` and empties the list; neighbours in memory go as one frame. */
  #sendRanges(ranges: ByteRange[]): void {
    let first: ByteRange | null = null;
    let end = 0;
    for (const range of ranges) {
      if (first !== null && range.buffer === first.buffer && range.start === end) {
        end = range.end;
        continue;
      }
      if (first !== null) this.#sendFrame(first.buffer.subarray(first.start, end));
      first = range;
      end = range.end;
    }
    if (first !== null) this.#sendFrame(first.buffer.subarray(first.start, end));
    ranges.length = 0;
  }

  #sendFrame(frame: Uint8Array): void {
    this.sentBytes += frame.byteLength;
    this.#channel.send(frame);
  }
}

function isTransfer(item: Item): item is Transfer {
  return "parts" in item;
}

function lengthOf({ parts, part }: Transfer): number {
  return parts[part]?.byteLength ?? 0;
}

function writeOpen(writer: ByteWriter, { id, head, parts }: Transfer, lane: Lane): void {
  writer.u32(id);
  writer.u8(LANE_CODE[lane]);
  writer.varint(parts.length);
  for (const { byteLength, buffer } of parts) {
    writer.varint(byteLength);
    writer.u8(buffer instanceof SharedArrayBuffer ? 1 : 0);
  }
  writer.varint(head?.byteLength ?? 0);
  if (head !== null) writer.bytes(head);
}
