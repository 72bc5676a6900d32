/** The context of one state of an actor. What it started ends with the state; after that, calls on it do nothing. */

import type { ActorRef, Lane } from "../actor-ref.js";
import type { AskResult, Behaviour, Context, Terminated } from "../behaviour.js";
import type { DeadLetterReason } from "../dead-letters.js";
import { asError } from "../errors.js";
import type { Logger } from "../log.js";
import type { SpawnOptions } from "../spawn-options.js";
import { startAsk, type PendingAsk } from "./ask.js";
import { type Entry, OwnEntry, type Span } from "./entry.js";
import type { Host, LocalActor } from "./host.js";
import { actorBehind, NamedRef } from "./ref.js";
import { stoppedParent } from "./spawn-spec.js";
import { Timers } from "./timers.js";
import { Watches } from "./watches.js";

/** The actor that a context belongs to, as far as the context needs it. */
export interface ContextActor extends LocalActor {
  readonly host: Host;
  readonly ref: ActorRef<unknown>;
  readonly name: string;
  /** Path inside the node. */
  readonly location: string;
  /** How many messages a stash may hold. */
  readonly stashCapacity: number;
  /** @throws RuntimeError `actor-name-taken`, `actor-stopped`; RangeError */
  spawn<State, Message>(behaviour: Behaviour<State, Message>, options: SpawnOptions): ActorRef<Message>;
  isParentOf(actor: LocalActor): boolean;
  /** Ends it by its own decision, after the message in hand; its supervisor may restart it. */
  endItself(): void;
  /** Queues what its state waits for, in order with what else comes on `lane`. */
  acceptOwn(entry: Entry, lane: Lane): void;
  /** Queues a timer or the end of a watched actor, ahead of all messages. */
  signal(entry: Entry): void;
  /** What to stash for `message`: the entry that it came in if it is the one in hand, which it then no longer is. */
  takeFromHand(message: unknown): unknown;
  /** Queues stashed items again, in front of the data lane. */
  putBack(items: readonly unknown[]): void;
  bury(item: unknown, reason: DeadLetterReason): void;
}

/** What a behaviour receives as `ctx`; a restart makes another one. */
export class StateContext implements Context<unknown>, Span {
  readonly #actor: ContextActor;
  #ended = false;
  // Most states need few of these.
  #log: Logger | null = null;
  #timers: Timers | null = null;
  #stash: unknown[] | null = null;
  #watches: Watches | null = null;
  #asks: Set<PendingAsk> | null = null;

  constructor(actor: ContextActor) {
    this.#actor = actor;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get self(): ActorRef<unknown> {
    return this.#actor.ref;
  }

  get name(): string {
    return this.#actor.name;
  }

  get log(): Logger {
    return (this.#log ??= this.#actor.host.log.child({ actor: this.#actor.location }));
  }

  now(): number {
    return this.#actor.host.clock.now();
  }

  monotonic(): number {
    return this.#actor.host.clock.monotonic();
  }

  epochMs(): number {
    return this.#actor.host.clock.epochMs();
  }

  random(): number {
    return this.#actor.host.random();
  }

  spawn<ChildState, ChildMessage>(
    behaviour: Behaviour<ChildState, ChildMessage>,
    options: SpawnOptions,
  ): ActorRef<ChildMessage> {
    if (this.#ended) throw stoppedParent(options.name, this.self.address);
    return this.#actor.spawn(behaviour, options);
  }

  stop(target: ActorRef<never>): void {
    if (this.#ended) return;
    const ref = this.#actor.host.refOf(target);
    const actor = actorBehind(ref);
    if (actor === this.#actor) this.#actor.endItself();
    else if (actor !== undefined && this.#actor.isParentOf(actor)) actor.stop();
    else if (actor === undefined ? !(ref instanceof NamedRef) : !actor.stopped) {
      throw new RangeError(
        `Cannot stop "${target.address}" from "${this.self.address}": it is not a child of it`,
      );
    }
  }

  watch(target: ActorRef<never>, toMessage: (event: Terminated) => unknown): void {
    if (this.#ended) return;
    this.#watches ??= new Watches(this.#actor.host, (event) => this.#actor.signal(event));
    this.#watches.watch(target, toMessage);
  }

  unwatch(target: ActorRef<never>): void {
    this.#watches?.unwatch(target.address);
  }

  ask<const Request, Reply>(
    target: ActorRef<Request>,
    toRequest: (replyTo: ActorRef<Reply>) => Request,
    toMessage: (result: AskResult<Reply>) => unknown,
    options?: { readonly timeoutMs?: number; readonly lane?: Lane },
  ): void {
    if (this.#ended) return;
    const asks = (this.#asks ??= new Set());
    const ask = startAsk(this.#actor.host, target, toRequest, options, (result, lane, settled) => {
      asks.delete(settled);
      // The reply address that made the result takes replies of this type only.
      this.#receive(result as AskResult<Reply>, toMessage, lane);
    });
    if (ask.open) asks.add(ask);
  }

  pipe<Value>(work: Promise<Value>, toMessage: (result: AskResult<Value>) => unknown): void {
    work.then(
      (reply) => this.#receive<AskResult<Value>>({ ok: true, reply }, toMessage, "data"),
      (thrown: unknown) =>
        this.#receive<AskResult<Value>>({ ok: false, error: asError(thrown) }, toMessage, "data"),
    );
  }

  after(key: string, delayMs: number, message: unknown): void {
    if (!this.#ended) this.#liveTimers().after(key, delayMs, message);
  }

  every(key: string, periodMs: number, message: unknown): void {
    if (!this.#ended) this.#liveTimers().every(key, periodMs, message);
  }

  cancel(key: string): void {
    this.#timers?.cancel(key);
  }

  unhandled(message: unknown): void {
    this.#actor.bury(this.#actor.takeFromHand(message), "unhandled");
  }

  stash(message: unknown): void {
    if (this.#ended) return;
    const stash = (this.#stash ??= []);
    const item = this.#actor.takeFromHand(message);
    if (stash.length < this.#actor.stashCapacity) stash.push(item);
    else this.#actor.bury(item, "mailbox-full");
  }

  unstashAll(): void {
    if (this.#stash === null) return;
    this.#actor.putBack(this.#stash);
    this.#stash = null;
  }

  resolve<Target>(address: string): ActorRef<Target> {
    return this.#actor.host.resolve(address);
  }

  /** Ends all that this state started; for the runtime. */
  end(): void {
    this.#ended = true;
    this.#timers?.cancelAll();
    this.#watches?.unwatchAll();
    for (const ask of this.#asks ?? []) ask.abandon();
    for (const item of this.#stash ?? []) this.#actor.bury(item, "stale");
    this.#stash = null;
  }

  #liveTimers(): Timers {
    return (this.#timers ??= new Timers(this.#actor.host.clock, (tick) => this.#actor.signal(tick)));
  }

  #receive<Value>(value: Value, toMessage: (value: Value) => unknown, lane: Lane): void {
    if (this.#ended) this.#actor.bury(value, "stale");
    else this.#actor.acceptOwn(new OwnEntry(this, value, toMessage), lane);
  }
}
