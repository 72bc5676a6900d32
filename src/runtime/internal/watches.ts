/** The actors that one state watches, by address. Each is reported once; the watches end with the state. */

import type { ActorRef } from "../actor-ref.js";
import type { Terminated } from "../behaviour.js";
import { Entry } from "./entry.js";
import type { Host } from "./host.js";
import { NONE } from "./ring.js";

/** One watch; it is itself the entry in the mailbox when its target is gone. */
class Watch extends Entry {
  readonly letter = NONE;
  readonly #toMessage: (event: Terminated) => unknown;
  readonly #onOpen: () => void;
  event: Terminated | null = null;
  end: () => void = () => {};
  ended = false;

  constructor(toMessage: (event: Terminated) => unknown, onOpen: () => void) {
    super();
    this.#toMessage = toMessage;
    this.#onOpen = onOpen;
  }

  /** A watch that was ended while its event was in the mailbox delivers nothing. */
  open(): unknown {
    if (this.ended || this.event === null) return NONE;
    this.#onOpen();
    return this.#toMessage(this.event);
  }
}

/** Watches actors, whose ends it hands to `signal` as messages. */
export class Watches {
  readonly #host: Pick<Host, "refOf">;
  readonly #signal: (entry: Entry) => void;
  readonly #watches = new Map<string, Watch>();

  constructor(host: Pick<Host, "refOf">, signal: (entry: Entry) => void) {
    this.#host = host;
    this.#signal = signal;
  }

  watch(target: ActorRef<never>, toMessage: (event: Terminated) => unknown): void {
    const { address } = target;
    this.unwatch(address);
    const watch = new Watch(toMessage, () => void this.#watches.delete(address));
    this.#watches.set(address, watch);
    watch.end = this.#host.refOf(target).watch((event) => {
      if (watch.ended) return;
      watch.event = { ...event, address };
      this.#signal(watch);
    });
  }

  unwatch(address: string): void {
    const watch = this.#watches.get(address);
    if (watch === undefined) return;
    this.#watches.delete(address);
    watch.ended = true;
    watch.end();
  }

  unwatchAll(): void {
    for (const address of this.#watches.keys()) this.unwatch(address);
  }
}
