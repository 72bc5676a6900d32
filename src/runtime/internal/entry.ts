/** Mailbox entries: messages that carry something along. A plain message is queued as it is. */

import type { DeadLetterBox, DeadLetterReason } from "../dead-letters.js";
import type { MemoryShare } from "../memory-budget.js";
import type { Asker, Postage } from "../remote.js";
import { NONE } from "./ring.js";

/** A message in a mailbox, and what comes with it. */
export abstract class Entry {
  /** The message to handle now, or `NONE` if it is no longer wanted. May run code of the behaviour, and so may throw. */
  abstract open(): unknown;
  /** Whether another node sent it: what it makes an actor do is no fault of that actor. */
  get foreign(): boolean {
    return false;
  }
  /** What a dead letter of it shows, or `NONE` if nothing is lost with it. */
  abstract readonly letter: unknown;

  /** It is to wait in a mailbox. @returns false where there is no memory for it */
  admit(): boolean {
    return true;
  }

  /** It waits no more. */
  release(): void {}

  /** It waits again, as it has before. */
  hold(): void {}
}

/** The lifetime of one state of an actor; what the state waits for ends with it. */
export interface Span {
  readonly ended: boolean;
}

/** A request, and its asker, who hears at once if no reply can come. */
export class AskEntry extends Entry {
  readonly letter: unknown;
  readonly ask: Asker;

  constructor(message: unknown, ask: Asker) {
    super();
    this.letter = message;
    this.ask = ask;
  }

  open(): unknown {
    return this.letter;
  }
}

/** A message from another node, which counts in the share of that node while it waits. */
export class ForeignEntry extends Entry {
  readonly letter: unknown;
  /** Null for a message that is no request. */
  readonly ask: Asker | null;
  readonly #share: MemoryShare;
  readonly #bytes: number;
  #waits = false;

  constructor(message: unknown, { share, bytes }: Postage, ask: Asker | null) {
    super();
    this.letter = message;
    this.ask = ask;
    this.#share = share;
    this.#bytes = bytes;
  }

  override get foreign(): boolean {
    return true;
  }

  override admit(): boolean {
    return (this.#waits = this.#share.take("mail", this.#bytes));
  }

  override release(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.#share.give("mail", this.#bytes);
  }

  override hold(): void {
    if (this.#waits) return;
    this.#waits = true;
    this.#share.change("mail", this.#bytes);
  }

  open(): unknown {
    this.release();
    return this.letter;
  }
}

/** A message that somebody told the actor, with what it carries along. */
export type MessageEntry = AskEntry | ForeignEntry;

/** What one state of the actor waits for: a reply, or the result of asynchronous work. */
export class OwnEntry<Value> extends Entry {
  readonly letter: Value;
  readonly #span: Span;
  readonly #toMessage: (value: Value) => unknown;

  constructor(span: Span, value: Value, toMessage: (value: Value) => unknown) {
    super();
    this.letter = value;
    this.#span = span;
    this.#toMessage = toMessage;
  }

  open(): unknown {
    return this.#span.ended ? NONE : this.#toMessage(this.letter);
  }
}

/** Publishes an item of a mailbox as a dead letter, and fails its ask if it has one. */
export function bury(
  deadLetters: DeadLetterBox,
  target: string,
  item: unknown,
  reason: DeadLetterReason,
  cause?: Error,
): void {
  if (item instanceof Entry) {
    item.release();
    if (item.letter !== NONE) deadLetters.publish(target, item.letter, reason);
    if (item instanceof AskEntry || item instanceof ForeignEntry) item.ask?.lost(target, reason, cause);
  } else {
    deadLetters.publish(target, item, reason);
  }
}
