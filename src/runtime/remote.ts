/** The way to other nodes as the runtime sees it; the transport implements it. */

import type { Lane } from "./actor-ref.js";
import type { Address } from "./address.js";
import type { Terminated } from "./behaviour.js";
import type { DeadLetterReason } from "./dead-letters.js";
import type { MemoryShare } from "./memory-budget.js";

/** A ref to an actor of another node. */
export interface RemoteTarget {
  readonly target: Address;
  /** `target` as text. */
  readonly address: string;
}

/** What a message of another node takes of this one's memory while it waits. */
export interface Postage {
  readonly share: MemoryShare;
  /** Read as the message is put into its mailbox. */
  readonly bytes: number;
}

/** Whoever waits for the reply to a request. */
export interface Asker {
  /** The request to `target` became a dead letter for `reason`: no reply can come. */
  lost(target: string, reason: DeadLetterReason, cause: Error | undefined): void;
}

/** An asker of this node, which the node that is asked knows by its id. */
export interface NamedAsker extends Asker {
  /** Names the ask to the node that is asked; from then on the ask can be found by it. */
  readonly id: number;
  /** Notes that the request goes to another node. */
  goesTo(target: RemoteTarget): void;
}

/** Carries messages, watches and stops to other nodes. */
export interface Remote {
  /**
   * Sends `message`, in order per target node and lane.
   *
   * @param askId of the ask whose request it is; null if it is no request
   * @returns null if it is on its way, otherwise why it became a dead letter
   */
  send(target: RemoteTarget, message: unknown, lane: Lane, askId: number | null): DeadLetterReason | null;
  /**
   * Calls `listener` once when `target` or its node is gone, or soon if it is gone already; never before this returns.
   *
   * @returns ends the watch
   */
  watch(target: Address, listener: (event: Terminated) => void): () => void;
  /** Stops `target`; resolves once it is gone. */
  stop(target: Address): Promise<void>;
}
