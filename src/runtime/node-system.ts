/**
 * An actor system as its node sees it, with what carries messages between nodes and what a program has no use for.
 *
 * The transport, the node and simulations use it; `index.ts` does not export it.
 */

import type { ActorTree } from "./actor-figures.js";
import type { ActorRef, Lane } from "./actor-ref.js";
import type { Address } from "./address.js";
import type { ActorPath } from "./brand.js";
import type { DeadLetterReason } from "./dead-letters.js";
import type { MemoryBudget } from "./memory-budget.js";
import { LocalSystem } from "./internal/local-system.js";
import type { Asker, Postage, Remote } from "./remote.js";
import type { ActorSystem } from "./system.js";

/** An `ActorSystem` with what connects it to other nodes. */
export interface NodeSystem extends ActorSystem {
  /** What other nodes can make this one hold. */
  readonly memory: MemoryBudget;
  /** A number that nobody can guess. */
  readonly askId: () => number;
  /** The actors that there are now, so many of them at most. */
  actors(actorsMax: number): ActorTree;
  /** Sends messages for other nodes by `remote` from now on; null makes all other nodes unreachable. */
  attachRemote(remote: Remote | null): void;
  /**
   * Puts a message from another node of this process into the mailbox of an actor here.
   *
   * @param asker of a request: hears at once if no reply can come
   */
  deliver(target: Address, message: unknown, lane: Lane, asker?: Asker): void;
  /**
   * Puts a message from the node of another process into the mailbox of an actor here. Where the actor fails on it, that does not
   * count towards its restart intensity. Where it finds no room in the memory of this one it is a dead letter `no-memory`.
   *
   * @param target an actor of this node
   * @param origin whose share it is of, and how much of it
   * @param asker as of `deliver`
   */
  deliverForeign(target: ActorRef<never>, message: unknown, lane: Lane, origin: Postage, asker?: Asker): void;
  /**
   * A ref that another node gave away, to an actor here or elsewhere.
   *
   * @param permits whether the giver itself may tell the actor this; what it may not becomes a dead letter `refused`
   */
  resolveGiven(target: Address, permits: (message: unknown) => boolean): ActorRef<never>;
  /** Whether a message from `node` may go to this path as far as that is the reply address of an ask: only who was asked answers. */
  takesReply(path: ActorPath, node: string): boolean;
  /** Fails an ask of this node that waits for `node`, as its request became a dead letter there. */
  failAsk(node: string, askId: number, target: string, reason: DeadLetterReason, cause?: Error): void;
  /** Fails all asks that wait for an actor of `node`, which is gone. */
  nodeDown(node: string): void;
  /**
   * Drops the system as the death of its process would: no actor is stopped, nobody is notified. For simulations, whose
   * simulated processes die within one that goes on.
   */
  abandon(): void;
}

/** `system` as its node sees it. @throws TypeError if `createActorSystem` did not make it */
export function nodeSystem(system: ActorSystem): NodeSystem {
  if (system instanceof LocalSystem) return system;
  throw new TypeError(`Cannot use system "${system.name}" as a node's: createActorSystem did not make it`);
}
