/** Mailbox entries: messages that carry something along. A plain message is queued as it is. */

import type { DeadLetterBox, DeadLetterReason } from "../dead-letters.js";
import type { Asker } from "../remote.js";
import { NONE } from "./ring.js";

/** A message in a mailbox, and what comes with it. */
export abstract class Entry {
  /** The message to handle now, or `NONE` if it is no longer wanted. May run code of the behaviour, and so may throw. */
  abstract open(): unknown;
  /** What a dead letter of it shows, or `NONE` if nothing is lost with it. */
  abstract readonly letter: unknown;
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
    if (item.letter !== NONE) deadLetters.publish(target, item.letter, reason);
    if (item instanceof AskEntry) item.ask.lost(target, reason, cause);
  } else {
    deadLetters.publish(target, item, reason);
  }
}
