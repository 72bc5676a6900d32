/**
 * What an actor is: a synchronous function from state and message to state, with every effect behind its context.
 *
 * The same behaviour runs in production, in a test that folds messages over it, and in a simulation.
 */

import type { ActorRef, Lane } from "./actor-ref.js";
import type { Logger } from "./log.js";
import type { SpawnOptions } from "./spawn-options.js";

/** Why an actor's state is being released: it stops for good, or it is about to start anew. */
export type StopReason = "stopped" | "restarting";

export interface Behaviour<State, Message> {
  /** Builds the first state; runs at spawn and again at every restart. */
  readonly start: (ctx: Context<Message>) => State;
  /** Folds one message. Throwing means "my state may be wrong: restart me". */
  readonly receive: (state: State, message: Message, ctx: Context<Message>) => State;
  /** Releases what the state holds. A throw is logged and goes no further. */
  readonly stop?: (state: State, ctx: Context<Message>, reason: StopReason) => void;
}

/** Told once to each watcher of an actor that is gone. */
export interface Terminated {
  readonly address: string;
  /** `stopped` by itself or its parent, `failed` beyond its supervision, `unreachable` with its node. */
  readonly reason: "stopped" | "failed" | "unreachable";
}

/** The result of `ctx.ask`, as data: a reply, or why there is none. */
export type AskResult<Reply> =
  { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly error: Error };

/** Who can start an actor under itself: an actor's context, or a system for its root guardian. */
export interface Spawner {
  /** @throws RuntimeError `actor-name-taken` where a child of that name lives. */
  spawn<ChildState, ChildMessage>(
    behaviour: Behaviour<ChildState, ChildMessage>,
    options: SpawnOptions,
  ): ActorRef<ChildMessage>;
}

/** The only way from a behaviour to the world. Valid only inside the actor that it was given to. */
export interface Context<Message> extends Spawner {
  readonly self: ActorRef<Message>;
  readonly name: string;
  readonly log: Logger;

  /** Milliseconds since the Unix epoch, with fractions. */
  now(): number;
  /** Uniform in [0, 1), from the system's seedable generator. */
  random(): number;

  /**
   * Stops a child at once, so that its name is free, or this actor itself after the message in hand; children of it
   * stop first. A `permanent` actor that stops itself is started anew.
   *
   * @throws RangeError where `target` lives and is neither.
   */
  stop(target: ActorRef<never>): void;

  /**
   * Tells this actor `toMessage(event)` once when `target` is gone, ahead of what waits in its mailbox; soon where it is
   * gone already. A second watch of the same address takes the place of the first.
   */
  watch(target: ActorRef<never>, toMessage: (event: Terminated) => Message): void;
  unwatch(target: ActorRef<never>): void;

  /**
   * Asks `target` and tells this actor the outcome as a message, in order with what else was told on its lane; never
   * throws. Default timeout 5,000 ms.
   */
  ask<const Request, Reply>(
    target: ActorRef<Request>,
    toRequest: (replyTo: ActorRef<Reply>) => Request,
    toMessage: (result: AskResult<Reply>) => Message,
    options?: { readonly timeoutMs?: number; readonly lane?: Lane },
  ): void;
  /** Tells this actor the outcome of asynchronous work that a port started, unless its state has ended since. */
  pipe<Value>(work: Promise<Value>, toMessage: (result: AskResult<Value>) => Message): void;

  /**
   * Tells this actor `message` after `delayMs`, ahead of what waits in its mailbox; a timer of the same key is replaced.
   * All end with the state. What is cancelled or replaced is not told any more, even where it has fallen due.
   */
  after(key: string, delayMs: number, message: Message): void;
  /** Tells this actor `message` at multiples of `periodMs` from now; ticks that it misses while busy are one. */
  every(key: string, periodMs: number, message: Message): void;
  cancel(key: string): void;

  /** Puts `message` aside until `unstashAll`; bounded like the mailbox, and an overflow is a dead letter. */
  stash(message: Message): void;
  /** Puts all stashed messages back in front of the data lane, oldest first. */
  unstashAll(): void;

  /** The actor at an address, on this node or another. */
  resolve<Target>(address: string): ActorRef<Target>;
}
