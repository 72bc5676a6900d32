/** The way to other nodes, as the runtime sees it: the transport implements it. */

import type { ActorRef, Lane } from "./actor-ref.js";
import type { Address } from "./address.js";
import type { Terminated } from "./behaviour.js";
import type { DeadLetterReason } from "./dead-letters.js";

export interface Remote {
  /**
   * Sends `message` on, in order per target node and lane.
   *
   * @returns null once it is on its way, and else why it cannot be.
   */
  send(target: Address, message: unknown, lane: Lane): DeadLetterReason | null;
  /**
   * Tells `listener` once, later, when `target` or its node is gone; soon where either is gone already.
   *
   * @returns ends the watch.
   */
  watch(target: Address, listener: (event: Terminated) => void): () => void;
}

/** What the transport needs of a system. */
export interface Deliverable {
  /** Puts a message from another node into the mailbox of an actor here. */
  deliver(target: Address | string, message: unknown, lane: Lane): void;
  resolve<Message>(address: string): ActorRef<Message>;
}
