/**
 * The queue of one actor: signals before control before data, each in order, with a bound on what others may put in.
 *
 * M1 Signals (timers, ends of watched actors) and what the actor itself waits for (replies, results of its own work) are
 *    never refused and never dropped. The actor asked for each of them, so it bounds their number itself.
 * M2 No message is lost silently: `offer` returns whichever message lost its place.
 */

import type { Lane } from "../actor-ref.js";
import { NONE, Ring } from "./ring.js";
import type { MailboxOptions, MailboxOverflow } from "../spawn-options.js";

/** `MailboxOptions` with its defaults filled in. */
export interface MailboxBounds {
  readonly capacity: number;
  readonly controlCapacity: number;
  readonly overflow: MailboxOverflow;
}

/** The bounds of an actor that does not choose its own. */
export const DEFAULT_MAILBOX: MailboxBounds = {
  capacity: 10_000,
  controlCapacity: 10_000,
  overflow: "reject",
};

/** Fills in the defaults. @throws RangeError if a capacity is no whole number above 0. */
export function mailboxBounds(options: MailboxOptions | undefined): MailboxBounds {
  if (options === undefined) return DEFAULT_MAILBOX;
  const bounds = { ...DEFAULT_MAILBOX, ...options };
  for (const key of ["capacity", "controlCapacity"] as const) {
    if (!Number.isSafeInteger(bounds[key]) || bounds[key] < 1) {
      throw new RangeError(
        `Cannot make a mailbox of ${key} ${bounds[key]}: it must be a whole number from 1`,
      );
    }
  }
  return bounds;
}

/** Holds items of any kind; the cell decides what they mean. */
export class Mailbox<Item> {
  readonly bounds: MailboxBounds;
  readonly #isOwn: (item: Item) => boolean;
  // Most actors are idle most of the time, so a lane is created with its first item.
  #signals: Ring<Item> | null = null;
  #control: Ring<Item> | null = null;
  #data: Ring<Item> | null = null;

  /** @param isOwn says which items may not be evicted */
  constructor(bounds: MailboxBounds, isOwn: (item: Item) => boolean) {
    this.bounds = bounds;
    this.#isOwn = isOwn;
  }

  get size(): number {
    return (this.#signals?.size ?? 0) + (this.#control?.size ?? 0) + (this.#data?.size ?? 0);
  }

  /** Messages that wait in the data lane. */
  get dataSize(): number {
    return this.#data?.size ?? 0;
  }

  /** Queues `item` within the bounds. @returns the item that found or kept no place, or `NONE`. */
  offer(item: Item, lane: Lane): Item | typeof NONE {
    if (lane === "control") {
      const control = (this.#control ??= new Ring());
      if (control.size >= this.bounds.controlCapacity) return item;
      control.push(item);
      return NONE;
    }
    const data = (this.#data ??= new Ring());
    if (data.size < this.bounds.capacity) {
      data.push(item);
      return NONE;
    }
    if (this.bounds.overflow !== "dropOldest") return item;
    const oldest = data.remove((candidate) => !this.#isOwn(candidate));
    if (oldest === NONE) return item;
    data.push(item);
    return oldest;
  }

  /** Queues what the actor itself waits for, in order with what else was sent on `lane`. Exempt from the bounds. */
  offerOwn(item: Item, lane: Lane): void {
    if (lane === "control") (this.#control ??= new Ring()).push(item);
    else (this.#data ??= new Ring()).push(item);
  }

  /** Queues a signal, ahead of all messages. Exempt from the bounds. */
  signal(item: Item): void {
    (this.#signals ??= new Ring()).push(item);
  }

  /** Puts `items` back at the front of the data lane, in their order. Exempt from the bounds. */
  putBack(items: readonly Item[]): void {
    const data = (this.#data ??= new Ring());
    for (const item of items.toReversed()) data.unshift(item);
  }

  /** Takes out the next item, or `NONE` if there is none. */
  take(): Item | typeof NONE {
    if (this.#signals !== null && this.#signals.size > 0) return this.#signals.shift();
    if (this.#control !== null && this.#control.size > 0) return this.#control.shift();
    return this.#data === null ? NONE : this.#data.shift();
  }
}
