/**
 * What an actor is: a synchronous function from state and message to state, with every effect behind its context.
 *
 * The same behaviour runs in production, in a test that folds messages over it, and in a simulation.
 */

import type { ActorRef, Lane } from "./actor-ref.js";
import type { Logger } from "./log.js";
import type { SpawnOptions } from "./spawn-options.js";

/** Why an actor's state is released: the actor stops for good, or is about to start again with a new state. */
export type StopReason = "stopped" | "restarting";

/** How an actor starts, handles each message and stops. All three are synchronous. */
export interface Behaviour<State, Message> {
  /** Builds the first state; runs at spawn and again at every restart. */
  readonly start: (ctx: Context<Message>) => State;
  /** Folds one message. Throwing means "my state may be wrong: restart me". */
  readonly receive: (state: State, message: Message, ctx: Context<Message>) => State;
  /** Releases what the state holds. What it throws is logged and goes no further. */
  readonly stop?: (state: State, ctx: Context<Message>, reason: StopReason) => void;
}

/** What each watcher of an actor receives once when the actor is gone. */
export interface Terminated {
  readonly address: string;
  /** `stopped` by itself or another, `failed` beyond its supervision, `unreachable` if its node is gone. */
  readonly reason: "stopped" | "failed" | "unreachable";
}

/** The result of `ctx.ask` and `ctx.pipe` as data: a reply, or why there is none. */
export type AskResult<Reply> =
  { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly error: Error };

/** What can start actors as its children: the context of an actor, or a system for its root guardian. */
export interface Spawner {
  /**
   * Starts a child; its `start` runs at its first turn, not before this returns.
   *
   * @throws RuntimeError `actor-name-taken` by another child, or `actor-stopped` if the parent has stopped.
   * @throws RangeError if the name or a number in `options` is out of its range.
   */
  spawn<ChildState, ChildMessage>(
    behaviour: Behaviour<ChildState, ChildMessage>,
    options: SpawnOptions,
  ): ActorRef<ChildMessage>;
}

/** The only way from a behaviour to the world. Valid only inside the actor that it was given to, and for one state. */
export interface Context<Message> extends Spawner {
  readonly self: ActorRef<Message>;
  readonly name: string;
  readonly log: Logger;

  /** Milliseconds since the Unix epoch, with fractions: for times that others compare with theirs. It may be stepped. */
  now(): number;
  /** Milliseconds since some moment, with fractions, that nobody sets: for durations, and whatever is due. */
  monotonic(): number;
  /** By what `now()` is ahead of `monotonic()`, in ms: it makes the one from the other. */
  epochMs(): number;
  /** Uniform in [0, 1), from the system's seedable generator. */
  random(): number;

  /**
   * Stops a child at once, so that its name is free, or this actor itself after the message in hand; children stop before
   * their parent. A `permanent` actor that stops itself is started again.
   *
   * @throws RangeError if `target` is neither and is not known to have stopped.
   */
  stop(target: ActorRef<never>): void;

  /**
   * Sends this actor `toMessage(event)` once when `target` is gone, or soon if it is gone already, ahead of what waits in
   * its mailbox. A second watch of the same address replaces the first.
   */
  watch(target: ActorRef<never>, toMessage: (event: Terminated) => Message): void;
  /** Ends a `watch`; nothing where there is none. */
  unwatch(target: ActorRef<never>): void;

  /**
   * Asks `target` and sends this actor the outcome as a message, in order with the other messages on its lane. Never
   * throws. Default timeout 5,000 ms.
   */
  ask<const Request, Reply>(
    target: ActorRef<Request>,
    toRequest: (replyTo: ActorRef<Reply>) => Request,
    toMessage: (result: AskResult<Reply>) => Message,
    options?: { readonly timeoutMs?: number; readonly lane?: Lane },
  ): void;
  /** Sends this actor the outcome of asynchronous work that a port started, unless this state has ended by then. */
  pipe<Value>(work: Promise<Value>, toMessage: (result: AskResult<Value>) => Message): void;

  /**
   * Sends this actor `message` after `delayMs`, ahead of what waits in its mailbox. A timer of the same key is replaced,
   * and all timers end with the state. A timer that is cancelled or replaced sends nothing, even if it has fallen due.
   */
  after(key: string, delayMs: number, message: Message): void;
  /**
   * Sends this actor `message` at multiples of `periodMs` from now; ticks that it misses while busy are merged into one.
   *
   * @throws RangeError if `periodMs` is not above 0.
   */
  every(key: string, periodMs: number, message: Message): void;
  /** Ends the timer of that key; nothing where there is none. */
  cancel(key: string): void;

  /**
   * Drops a message that the behaviour does not know, as a dead letter `unhandled`: for the default branch of an inbox. The
   * compiler sees to it that no known one comes there, and what a program or another node makes up is no failure of the actor.
   */
  unhandled(message: never): void;

  /** Sets `message` aside until `unstashAll`. Holds as many as the mailbox; one more is a dead letter. */
  stash(message: Message): void;
  /** Puts all stashed messages back at the front of the data lane, oldest first. */
  unstashAll(): void;

  /** The actor at an address, on this node or another. @throws RuntimeError `address-invalid` */
  resolve<Target>(address: string): ActorRef<Target>;
}
