/** What lies in a mailbox beside plain messages. */

import type { DeadLetterReason } from "../dead-letters.js";
import type { Host } from "./host.js";
import type { Asker } from "../remote.js";
import { NONE } from "./ring.js";

/** A message with something to know about it; plain messages lie in the mailbox as they are. */
export abstract class Entry {
  /** The message to handle now, or `NONE` where it no longer is to be. May run code of the behaviour and throw. */
  abstract open(): unknown;
  /** What to show of it as a dead letter, or `NONE` where nothing is lost with it. */
  abstract readonly letter: unknown;
}

/** The span of one state of an actor; what a state waits for ends with it. */
export interface Span {
  readonly ended: boolean;
}

/** A request, and who must hear at once if it comes to nothing. */
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

/** What one state of the actor waits for: a reply, the result of its work. */
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

/** Makes a dead letter of what lay in a mailbox, and fails its ask. */
export function bury(
  host: Host,
  target: string,
  item: unknown,
  reason: DeadLetterReason,
  cause?: Error,
): void {
  if (item instanceof Entry) {
    if (item.letter !== NONE) host.deadLetters.publish(target, item.letter, reason);
    if (item instanceof AskEntry) item.ask.lost(target, reason, cause);
  } else {
    host.deadLetters.publish(target, item, reason);
  }
}
