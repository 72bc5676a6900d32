/** The way to other nodes, as the runtime sees it: the transport implements it. */

import type { ActorRef, Lane } from "./actor-ref.js";
import type { Address } from "./address.js";
import type { Terminated } from "./behaviour.js";
import type { DeadLetterReason } from "./dead-letters.js";

/** A ref to an actor of another node. */
export interface RemoteTarget {
  readonly target: Address;
  /** As text. */
  readonly address: string;
}

/** Who waits for a reply, and hears where none can come. */
export interface Asker {
  lost(target: string, reason: DeadLetterReason, cause: Error | undefined): void;
}

export interface Remote {
  /**
   * Sends `message` on, in order per target node and lane.
   *
   * @param askId of the ask that the message is the request of; null for a message of its own
   * @returns null once it is on its way, and else why it cannot be.
   */
  send(target: RemoteTarget, message: unknown, lane: Lane, askId: number | null): DeadLetterReason | null;
  /**
   * Tells `listener` once, later, when `target` or its node is gone; soon where either is gone already.
   *
   * @returns ends the watch.
   */
  watch(target: Address, listener: (event: Terminated) => void): () => void;
  /** Stops `target`, and resolves once it is gone. */
  stop(target: Address): Promise<void>;
}

/** What the transport needs of a system. */
export interface Deliverable {
  /**
   * Puts a message from another node into the mailbox of an actor here.
   *
   * @param asker hears where the message is a request that nobody will answer
   */
  deliver(target: Address | string, message: unknown, lane: Lane, asker?: Asker): void;
  resolve<Message>(address: string): ActorRef<Message>;
  /** A request that went to another node came to nothing there. */
  failAsk(askId: number, target: string, reason: DeadLetterReason, cause?: Error): void;
  /** A node is gone: whoever waits for a reply from it hears so. */
  nodeDown(node: string): void;
}
