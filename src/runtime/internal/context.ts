/** The context of one state of an actor: what it set going ends with it, and calls on it after that do nothing. */

import type { ActorRef, Lane } from "../actor-ref.js";
import { startAsk, type PendingAsk } from "../ask.js";
import type { AskResult, Behaviour, Context, Terminated } from "../behaviour.js";
import type { Cell } from "./cell.js";
import { asError, RuntimeError } from "../errors.js";
import { OwnEntry, type Span } from "./entry.js";
import type { Logger } from "../log.js";
import { LocalRef, NamedRef } from "./ref.js";
import type { SpawnOptions } from "../spawn-options.js";
import { Timers } from "./timers.js";
import { Watches } from "./watches.js";

export class StateContext implements Context<unknown>, Span {
  readonly #cell: Cell;
  #ended = false;
  // Most states need few of these.
  #log: Logger | null = null;
  #timers: Timers | null = null;
  #stash: unknown[] | null = null;
  #watches: Watches | null = null;
  #asks: Set<PendingAsk> | null = null;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get self(): ActorRef<unknown> {
    return this.#cell.ref;
  }

  get name(): string {
    return this.#cell.name;
  }

  get log(): Logger {
    return (this.#log ??= this.#cell.host.log.child({ actor: this.#cell.location }));
  }

  now(): number {
    return this.#cell.host.clock.now();
  }

  random(): number {
    return this.#cell.host.random();
  }

  spawn<ChildState, ChildMessage>(
    behaviour: Behaviour<ChildState, ChildMessage>,
    options: SpawnOptions,
  ): ActorRef<ChildMessage> {
    if (this.#ended) throw stoppedParent(options.name, this.self.address);
    return this.#cell.spawn(behaviour, options);
  }

  stop(target: ActorRef<never>): void {
    if (this.#ended) return;
    const ref = this.#cell.host.refOf(target);
    const cell = ref instanceof LocalRef ? ref.cell : ref instanceof NamedRef ? ref.find() : undefined;
    if (cell === this.#cell) cell.endItself();
    else if (cell?.supervisor === this.#cell.family) cell.stop();
    else if (cell === undefined ? !(ref instanceof NamedRef) : !cell.stopped) {
      throw new RangeError(
        `Cannot stop "${target.address}" from "${this.self.address}": it is no child of it`,
      );
    }
  }

  watch(target: ActorRef<never>, toMessage: (event: Terminated) => unknown): void {
    if (this.#ended) return;
    this.#watches ??= new Watches(this.#cell.host, (event) => this.#cell.signal(event));
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
    const ask = startAsk(this.#cell.host, target, toRequest, options, (result, lane, settled) => {
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

  stash(message: unknown): void {
    if (this.#ended) return;
    const stash = (this.#stash ??= []);
    const item = this.#cell.takeFromHand(message);
    if (stash.length < this.#cell.stashCapacity) stash.push(item);
    else this.#cell.bury(item, "mailbox-full");
  }

  unstashAll(): void {
    if (this.#stash === null) return;
    this.#cell.putBack(this.#stash);
    this.#stash = null;
  }

  resolve<Target>(address: string): ActorRef<Target> {
    return this.#cell.host.resolve(address);
  }

  /** Ends all that this state set going; for the runtime. */
  end(): void {
    this.#ended = true;
    this.#timers?.cancelAll();
    this.#watches?.unwatchAll();
    for (const ask of this.#asks ?? []) ask.abandon();
    for (const item of this.#stash ?? []) this.#cell.bury(item, "stale");
    this.#stash = null;
  }

  #liveTimers(): Timers {
    return (this.#timers ??= new Timers(this.#cell.host.clock, (tick) => this.#cell.signal(tick)));
  }

  #receive<Value>(value: Value, toMessage: (value: Value) => unknown, lane: Lane): void {
    if (this.#ended) this.#cell.bury(value, "stale");
    else this.#cell.acceptOwn(new OwnEntry(this, value, toMessage), lane);
  }
}

/** @param parent address of the actor that cannot spawn any more */
export function stoppedParent(name: string, parent: string): RuntimeError {
  return new RuntimeError(`Cannot spawn "${name}" under "${parent}": it has stopped`, {
    code: "actor-stopped",
  });
}
