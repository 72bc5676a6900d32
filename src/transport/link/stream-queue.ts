/**
 * Data messages that wait for credit, by stream.
 *
 * SQ1 Within a stream messages keep their order. Streams take turns, one chunk each, so that a small message does not wait
 *     for a large one of another stream.
 * SQ2 What waits is bounded in bytes, and counts in the budget of the node; a message that finds no room is refused.
 */

import type { Holding } from "./byte-budget.js";
import type { Credit } from "./credit.js";
import type { FrameWriter } from "./frame-writer.js";
import type { LinkLimits } from "./link-limits.js";
import type { ByteRange } from "./records.js";
import { Transfer } from "./transfer.js";

/** Messages to one receiver, in order. */
interface Stream {
  readonly key: string;
  /** Session of the receiver's node. */
  readonly to: number;
  readonly items: (ByteRange | Transfer)[];
  /** Index of the next item to send. */
  next: number;
}

/** What a waiting message costs beyond its bytes: the objects around it. */
const ITEM_BYTES = 128;

export class StreamQueue {
  readonly #limits: LinkLimits;
  readonly #frames: FrameWriter;
  readonly #holding: Holding;
  readonly #onDrained: (to: number) => void;
  readonly #streams = new Map<string, Stream>();
  /** The streams in the order of their turns. */
  #turns: Stream[] = [];
  /** Waiting messages by the session of their node. */
  readonly #waitingFor = new Map<number, number>();
  #bytes = 0;

  /** @param onDrained no message for the node with this session waits any more */
  constructor(limits: LinkLimits, holding: Holding, frames: FrameWriter, onDrained: (to: number) => void) {
    this.#limits = limits;
    this.#holding = holding;
    this.#frames = frames;
    this.#onDrained = onDrained;
  }

  get empty(): boolean {
    return this.#turns.length === 0;
  }

  /** Waiting messages. */
  get count(): number {
    let count = 0;
    for (const waiting of this.#waitingFor.values()) count += waiting;
    return count;
  }

  /** Of the waiting messages, with what they cost beyond their own bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a message for the node with this session waits. */
  holdsFor(to: number): boolean {
    return this.#waitingFor.has(to);
  }

  /** @returns false if there is no room */
  add(to: number, key: string, item: ByteRange | Transfer, bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.queueBytes) return false;
    if (!this.#holding.wait(bytes + ITEM_BYTES)) return false;
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { key, to, items: [], next: 0 };
      this.#streams.set(key, stream);
      this.#turns.push(stream);
    }
    stream.items.push(item);
    this.#waitingFor.set(to, (this.#waitingFor.get(to) ?? 0) + 1);
    this.#bytes += bytes + ITEM_BYTES;
    return true;
  }

  /** Lets the streams take turns as far as the credit goes. */
  send(credit: Credit): void {
    if (this.#turns.length === 0) return;
    const ranges: ByteRange[] = [];
    let turns = this.#turns;
    let at = 0;
    while (at < turns.length && credit.available) {
      const stream = turns[at++];
      const item = stream?.items[stream.next];
      if (stream === undefined || item === undefined) continue;
      if (item instanceof Transfer) {
        this.#frames.send(ranges);
        credit.spend(item.sendChunk(this.#frames, "data"));
        if (item.done) this.#advance(stream, item.bytes);
      } else {
        const bytes = item.end - item.start;
        ranges.push(item);
        credit.spend(bytes);
        this.#advance(stream, bytes);
      }
      if (stream.next < stream.items.length) turns.push(stream);
      else this.#streams.delete(stream.key);
      if (at > 1_024 && at * 2 > turns.length) {
        turns = turns.slice(at);
        at = 0;
      }
    }
    this.#turns = at === 0 ? turns : turns.slice(at);
    this.#frames.send(ranges);
  }

  #advance(stream: Stream, bytes: number): void {
    this.#bytes -= bytes + ITEM_BYTES;
    this.#holding.waited(bytes + ITEM_BYTES);
    stream.next += 1;
    const left = (this.#waitingFor.get(stream.to) ?? 1) - 1;
    if (left > 0) {
      this.#waitingFor.set(stream.to, left);
    } else {
      this.#waitingFor.delete(stream.to);
      this.#onDrained(stream.to);
    }
    // Sent items are cut off once they are half of the list, so that each remaining item moves at most once.
    if (stream.next < 256 || stream.next * 2 < stream.items.length) return;
    stream.items.splice(0, stream.next);
    stream.next = 0;
  }
}
