/** How an actor system is set up: its name, and ports for time, randomness, log and event loop, with defaults. */

import type { Behaviour } from "./behaviour.js";
import type { Clock } from "./clock.js";
import type { Executor } from "./executor.js";
import type { Logger } from "./log.js";
import type { SupervisionPolicy } from "./spawn-options.js";

/** What `createActorSystem` takes. Only `name` is required. */
export interface ActorSystemOptions {
  /** 1 to 64 letters, digits, `-`, `_` or `.`, starting with a letter or digit. */
  readonly name: string;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Uniform in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: warnings and errors on standard error. */
  readonly log?: Logger;
  /**
   * The incarnation of the first actor; the numbers count up from there. Up to 2^52, default 1. A node that others reach
   * takes a random one, so that a ref to an actor of an earlier process never reaches one of this process.
   */
  readonly firstId?: number;
  /** Makes the ids of asks, 1 to 2^53 - 1. Default: ids that nobody can guess. */
  readonly askId?: () => number;
  /** When actors get their turns. Default: Node's event loop. */
  readonly executor?: Executor;
  /** What other nodes can make this one hold, in bytes. Default: a quarter of the machine's memory, 256 to 384 MiB. */
  readonly memoryBytes?: number;
  /** Replaces each behaviour that the system itself spawns. For traces and simulations. */
  readonly decorate?: Decorate;
  /** How the root guardian supervises the actors that the system itself spawned. */
  readonly supervision?: Partial<SupervisionPolicy>;
  /**
   * Called when a failure exceeds the root guardian's supervision; all actors are stopping by then. Default:
   * terminates the system.
   */
  readonly onFailure?: (error: Error) => void;
}

/** Takes a behaviour and the name that it is spawned under. @returns the behaviour to spawn instead */
export type Decorate = <State, Message>(
  name: string,
  behaviour: Behaviour<State, Message>,
) => Behaviour<State, Message>;
