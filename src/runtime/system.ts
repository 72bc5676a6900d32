/** The actor system of one node: where actors are started from, and the way in for code that is no actor. */

import type { ActorRef } from "./actor-ref.js";
import type { AskOptions } from "./ask-options.js";
import type { Behaviour, Spawner, Terminated } from "./behaviour.js";
import type { NodeName } from "./brand.js";
import type { Clock } from "./clock.js";
import type { CoordinatedShutdown } from "./coordinated-shutdown.js";
import type { DeadLetters } from "./dead-letters.js";
import type { Executor } from "./executor.js";
import { LocalSystem } from "./internal/local-system.js";
import type { Logger } from "./log.js";
import type { Registry } from "./registry.js";
import type { SpawnOptions } from "./spawn-options.js";
import type { ActorSystemOptions } from "./system-options.js";

/** The actors of one node. Its ports (clock, log, executor, random) are those of `ActorSystemOptions`. */
export interface ActorSystem extends Spawner {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly log: Logger;
  readonly executor: Executor;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly deadLetters: DeadLetters;
  readonly registry: Registry;
  readonly shutdown: CoordinatedShutdown;

  /** Starts an actor under the root guardian. @throws RuntimeError `actor-name-taken`, `actor-stopped`; RangeError */
  spawn<State, Message>(behaviour: Behaviour<State, Message>, options: SpawnOptions): ActorRef<Message>;
  /** The actor at an address, on this node or another. @throws RuntimeError `address-invalid` */
  resolve<Message>(address: string): ActorRef<Message>;
  /**
   * Asks `target` from outside any actor.
   *
   * Resolves with the first reply. Rejects with RuntimeError `ask-timeout` or `ask-aborted`, and at once if no reply can
   * come: `actor-stopped` (also if this system terminates), `actor-failed`, `mailbox-full`, `node-unreachable`,
   * `permission-denied`. What `toRequest` throws rejects it, too.
   */
  ask<const Message, Reply>(
    target: ActorRef<Message>,
    toRequest: (replyTo: ActorRef<Reply>) => Message,
    options?: AskOptions,
  ): Promise<Reply>;
  /**
   * Calls `listener` once when `target` is gone, or soon if it is gone already; never before this returns.
   *
   * @returns ends the watch
   */
  watch(target: ActorRef<never>, listener: (event: Terminated) => void): () => void;
  /**
   * Stops an actor for good. Resolves once it and all its descendants have stopped, at once if it is gone already. On
   * another node, only an actor that was spawned from a node of the cluster can be stopped.
   *
   * @throws RuntimeError `node-unreachable`
   */
  stop(target: ActorRef<never>): Promise<void>;
  /** Runs the coordinated shutdown, in which all actors stop, children first. Never rejects; errors are logged. */
  terminate(): Promise<void>;
}

/** Starts a system with no actors. @throws RuntimeError `address-invalid` if its name is not valid; RangeError */
export function createActorSystem(options: ActorSystemOptions): ActorSystem {
  return new LocalSystem(options);
}

/**
 * Starts an actor as a child of `parent`: of a system's root guardian, or of the actor whose context it is.
 *
 * @throws RuntimeError `actor-name-taken`, `actor-stopped`; RangeError
 */
export function spawn<State, Message>(
  parent: Spawner,
  behaviour: Behaviour<State, Message>,
  options: SpawnOptions,
): ActorRef<Message> {
  return parent.spawn(behaviour, options);
}
