/**
 * The sending half of a link: what goes out, in which order, and what has to wait.
 *
 * SD1 Notices go before control, control before data. Within a lane the messages of one stream keep their order.
 * SD2 Data goes out only within the credit that the receiver granted, and as far as the socket takes it; the last record may
 *     overdraw it.
 * SD3 Data that waits for credit is bounded in bytes, and so is control that the socket has not taken, both also by the
 *     budget of the node: a message that finds no room is refused. Notices that find none are the end of the link.
 *     Large messages leave room for small control messages, such as settlements, whatever waits.
 * SD4 What is sent in one turn goes out together, and records that lie side by side in memory as one frame.
 */

import type { Lane } from "../../runtime/actor-ref.js";
import type { Executor } from "../../runtime/executor.js";
import type { Channel } from "../carrier.js";
import type { ByteWriter } from "../codec/byte-writer.js";
import type { Holding } from "./byte-budget.js";
import { Credit } from "./credit.js";
import { FrameWriter } from "./frame-writer.js";
import type { LinkLimits } from "./link-limits.js";
import type { ByteRange } from "./records.js";
import { StreamQueue } from "./stream-queue.js";
import { Transfer, type LargeMessage } from "./transfer.js";

/** A record that follows all that was sent before it to the node with the session `to`. */
interface Barrier {
  readonly to: number;
  readonly record: ByteRange;
}

/** Of `controlBytes`, beyond it: for control messages of one record. */
const SMALL_SHARE = 1 / 4;

export class LinkSender {
  /** For the records that `message` sends. */
  readonly writer: ByteWriter;
  /** Messages that found no room, by lane. */
  readonly refused = { control: 0, data: 0 };
  readonly #executor: Executor;
  readonly #limits: LinkLimits;
  readonly #frames: FrameWriter;
  readonly #credit: Credit;
  readonly #holding: Holding;
  readonly #onRefused: () => void;
  readonly #notices: ByteRange[] = [];
  readonly #control: (ByteRange | Transfer)[] = [];
  /** Within the credit. */
  readonly #data: ByteRange[] = [];
  readonly #waiting: StreamQueue;
  readonly #barriers: Barrier[] = [];
  #held = false;
  /** Of control messages that this turn has not sent yet. */
  #controlBytes = 0;
  #lastTransfer = 0;
  #scheduled = false;
  /** Most bytes that the socket had taken at a tick, and for how long none more. */
  #takenBytes = 0;
  #stuckMs = 0;
  /** Of the time since its pace was looked at last, and the bytes that the socket had taken then. */
  #paceMs = 0;
  #pacedBytes = 0;
  #overrun = false;

  /** @param onRefused a message found no room */
  constructor(
    channel: Channel,
    executor: Executor,
    limits: LinkLimits,
    holding: Holding,
    onRefused: () => void,
  ) {
    this.#onRefused = onRefused;
    this.#executor = executor;
    this.#limits = limits;
    this.#holding = holding;
    this.#credit = new Credit(limits.socketBytes);
    this.#frames = new FrameWriter(channel);
    this.writer = this.#frames.writer;
    this.#waiting = new StreamQueue(limits, holding, this.#frames, (to) => this.#passBarriers(to));
  }

  /** Messages that wait for credit. */
  get waiting(): number {
    return this.#waiting.count;
  }

  /** Of the messages that wait for credit. */
  get queuedBytes(): number {
    return this.#waiting.bytes;
  }

  /** Bytes handed to the channel. */
  get sentBytes(): number {
    return this.#frames.sentBytes;
  }

  /** The other side accepts `limit` bytes of data since the link began. */
  grant(limit: number): void {
    if (this.#credit.grant(limit) && !this.#waiting.empty) this.#schedule();
  }

  /** Sends a record of the link itself. @param write puts its body into the writer */
  notice(type: number, write: (writer: ByteWriter) => void): void {
    // Above what control messages may take: the other side makes this one answer, and reads no answer.
    if (this.#overrun || this.#frames.bufferedBytes > 2 * this.#limits.controlBytes) {
      this.#overrun = true;
      return;
    }
    this.#notices.push(this.#frames.record(type, write));
    this.#schedule();
  }

  /**
   * Sends a message that is one record, written and finished with `writer`.
   *
   * @param to session of the receiver's node
   * @param streamKey of its receiver: data messages of one stream keep their order
   * @returns false if there is no room
   */
  message(lane: Lane, to: number, streamKey: string, record: ByteRange): boolean {
    const bytes = record.end - record.start;
    if (lane === "control") {
      if (!this.#controlFits(bytes, "small")) return false;
      this.#control.push(record);
    } else if (this.#waiting.empty && this.#credit.available) {
      this.#credit.spend(bytes);
      this.#data.push(record);
    } else if (!this.#wait(to, streamKey, record, bytes)) {
      return false;
    }
    if (!this.#scheduled) this.#schedule();
    return true;
  }

  /** As `message`, for one that goes in chunks. @returns false if there is no room */
  large(lane: Lane, to: number, streamKey: string, message: LargeMessage): boolean {
    const transfer = new Transfer(++this.#lastTransfer, message, this.#limits);
    if (lane === "control") {
      if (!this.#controlFits(transfer.bytes, "large")) return false;
      this.#control.push(transfer);
    } else if (!this.#wait(to, streamKey, transfer, transfer.bytes)) {
      return false;
    }
    this.#schedule();
    return true;
  }

  /** Sends `record` once all that was sent before to the node `to` on its lane has gone. */
  barrier(lane: Lane, to: number, record: ByteRange): void {
    if (lane === "control") this.#control.push(record);
    else if (this.#waiting.holdsFor(to)) this.#barriers.push({ to, record });
    else this.#data.push(record);
    if (lane === "data") this.#credit.spend(record.end - record.start);
    this.#schedule();
  }

  /** To be called every `heartbeatMs`. @returns why the other side has to be put out; null if it need not */
  tick(): string | null {
    const { heartbeatMs, stuckMs } = this.#limits;
    const held = this.#frames.bufferedBytes;
    this.#holding.socketHolds(held, 0);
    if (this.#overrun) return `it does not read what it is sent: ${held} bytes wait for it`;
    const taken = this.#frames.sentBytes - held;
    // Counted in ticks, so that time during which this side stood still does not count.
    this.#stuckMs = held === 0 || taken > this.#takenBytes ? 0 : this.#stuckMs + heartbeatMs;
    this.#takenBytes = Math.max(taken, this.#takenBytes);
    if (this.#stuckMs >= stuckMs) return `it has read nothing for ${stuckMs} ms: ${held} bytes wait for it`;
    return this.#keepsPace(taken) ? null : `it reads too slowly: ${this.queuedBytes} bytes wait for it`;
  }

  #keepsPace(taken: number): boolean {
    const { heartbeatMs, stuckMs, drainMs } = this.#limits;
    this.#paceMs += heartbeatMs;
    if (this.#paceMs < stuckMs) return true;
    const went = taken - this.#pacedBytes;
    this.#paceMs = 0;
    this.#pacedBytes = taken;
    return !this.#holding.crowded || this.queuedBytes * stuckMs <= went * drainMs;
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
    this.#frames.send(this.#notices);
    if (this.#held) return;
    this.#sendControl();
    this.#frames.send(this.#data);
    this.#credit.room(Math.max(0, this.#limits.socketBytes - this.#frames.bufferedBytes));
    this.#waiting.send(this.#credit);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#executor.soon(() => {
      if (this.#scheduled) this.flush();
    });
  }

  #controlFits(bytes: number, size: "small" | "large"): boolean {
    // Data that the socket holds counts as well; its share is bounded by the credit.
    const pending = this.#frames.bufferedBytes + this.#controlBytes;
    const max = this.#limits.controlBytes * (size === "small" ? 1 + SMALL_SHARE : 1);
    if (pending + bytes > max || !this.#holding.socketHolds(pending, bytes, size)) {
      this.refused.control += 1;
      this.#onRefused();
      return false;
    }
    this.#controlBytes += bytes;
    return true;
  }

  #wait(to: number, streamKey: string, item: ByteRange | Transfer, bytes: number): boolean {
    if (this.#waiting.add(to, streamKey, item, bytes)) return true;
    this.refused.data += 1;
    this.#onRefused();
    return false;
  }

  #sendControl(): void {
    if (this.#control.length === 0) return;
    this.#controlBytes = 0;
    let ranges: ByteRange[] = [];
    for (const item of this.#control.splice(0)) {
      if (!(item instanceof Transfer)) {
        ranges.push(item);
        continue;
      }
      this.#frames.send(ranges);
      ranges = [];
      while (!item.done) item.sendChunk(this.#frames, "control");
    }
    this.#frames.send(ranges);
  }

  /** Nothing for the node with the session `to` waits any more. */
  #passBarriers(to: number): void {
    for (let at = this.#barriers.findIndex((barrier) => barrier.to === to); at >= 0;) {
      const [barrier] = this.#barriers.splice(at, 1);
      if (barrier !== undefined) this.#data.push(barrier.record);
      this.#schedule();
      at = this.#barriers.findIndex((other) => other.to === to);
    }
  }
}
