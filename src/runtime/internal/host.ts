/**
 * The node as its actors, refs and asks see it: what they share, and each other through narrow interfaces.
 *
 * This file imports none of those that implement these interfaces, so that cells, refs and asks do not import each other
 * in a circle.
 */

import type { ActorRef, Lane } from "../actor-ref.js";
import type { NodeName } from "../brand.js";
import type { Clock } from "../clock.js";
import type { DeadLetterBox, DeadLetterReason } from "../dead-letters.js";
import type { Executor } from "../executor.js";
import type { Logger } from "../log.js";
import type { NamedAsker, Remote } from "../remote.js";
import type { Dispatcher } from "./dispatcher.js";
import type { RuntimeRef } from "./runtime-ref.js";
import type { TerminatedListener } from "./watchers.js";

/** What all actors of one node share. */
export interface Host {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly random: () => number;
  readonly log: Logger;
  readonly dispatcher: Dispatcher;
  readonly deadLetters: DeadLetterBox;
  /** Asks whose reply address is known as text or to another node, by id. */
  readonly openAsks: Map<number, LocalAsk>;
  readonly remote: Remote | null;
  /** Counts up: no two actors of a node have the same id. */
  nextId(): number;
  /** An id for an ask; nobody can guess it. */
  askId(): number;
  find(path: string): LocalActor | undefined;
  resolve<Message>(address: string): ActorRef<Message>;
  /** The runtime's own ref behind a ref of any implementation. */
  refOf(ref: ActorRef<never>): RuntimeRef;
}

/** An actor of this node, as those who hold a ref to it see it. */
export interface LocalActor {
  readonly address: string;
  readonly incarnation: number;
  /** Gone for good. */
  readonly stopped: boolean;
  /** Takes a message, or an `Entry` around one. */
  accept(item: unknown, lane: Lane): void;
  /** Publishes a message, or an `Entry` around one, as a dead letter. */
  bury(item: unknown, reason: DeadLetterReason): void;
  /** Stops it for good: at once, or after the message in hand if this is its own turn. */
  stop(): void;
  /** Calls `listener` once when this actor is gone, never before this returns. @returns ends the watch. */
  addWatcher(listener: TerminatedListener): () => void;
}

/** An ask of this node, as refs and the system see it. */
export interface LocalAsk extends NamedAsker {
  tell(reply: unknown, lane?: Lane): void;
  /** Whether it waits for an actor of `node`. */
  waitsFor(node: string): boolean;
  /** Whether an actor of `node` may answer it: it was asked, or the ask went to an actor here, which may have passed it on. */
  takesReplyFrom(node: string): boolean;
  /** Fails it: the node that it waits for is gone. */
  nodeGone(): void;
}
