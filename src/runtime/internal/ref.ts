/** The refs that the runtime hands out, one class for each way that leads to an actor. */

import type { Lane } from "../actor-ref.js";
import { formatAddress, type Address } from "../address.js";
import type { Terminated } from "../behaviour.js";
import type { NamedAsker, RemoteTarget } from "../remote.js";
import { bury, type MessageEntry } from "./entry.js";
import type { Host, LocalActor } from "./host.js";
import { RuntimeRef } from "./runtime-ref.js";
import { notifySoon, type TerminatedListener } from "./watchers.js";

/** One incarnation of an actor of this node. */
export class LocalRef extends RuntimeRef {
  readonly actor: LocalActor;
  #address: string | null = null;

  constructor(actor: LocalActor) {
    super();
    this.actor = actor;
  }

  get address(): string {
    return (this.#address ??= this.actor.address);
  }

  tell(message: unknown, lane: Lane = "data"): void {
    this.actor.accept(message, lane);
  }

  offer(request: MessageEntry, lane: Lane): void {
    admit(this.actor, request, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return this.actor.addWatcher(listener);
  }
}

function admit(actor: LocalActor, request: MessageEntry, lane: Lane): void {
  if (request.admit()) actor.accept(request, lane);
  else actor.bury(request, "no-memory");
}

/** Whichever actor has the name on this node when a message is sent, or one incarnation that is gone. */
export class NamedRef extends RuntimeRef {
  readonly address: string;
  readonly #host: Host;
  readonly #target: Address;
  #found: LocalActor | undefined;

  constructor(host: Host, target: Address) {
    super();
    this.address = formatAddress(target);
    this.#host = host;
    this.#target = target;
  }

  tell(message: unknown, lane: Lane = "data"): void {
    const actor = this.find();
    if (actor === undefined) bury(this.#host.deadLetters, this.address, message, "stopped");
    else actor.accept(message, lane);
  }

  offer(request: MessageEntry, lane: Lane): void {
    const actor = this.find();
    if (actor === undefined) bury(this.#host.deadLetters, this.address, request, "stopped");
    else admit(actor, request, lane);
  }

  watch(listener: TerminatedListener): () => void {
    const actor = this.find();
    const event = (reason: Terminated["reason"]) => ({ address: this.address, reason });
    if (actor === undefined) return notifySoon(this.#host.executor, listener, event("stopped"));
    return actor.addWatcher(({ reason }) => listener(event(reason)));
  }

  find(): LocalActor | undefined {
    if (this.#found === undefined || this.#found.stopped) {
      const actor = this.#host.find(this.#target.path);
      const { incarnation } = this.#target;
      this.#found = incarnation === null || actor?.incarnation === incarnation ? actor : undefined;
    }
    return this.#found;
  }
}

/** The asker behind a reply address that came as text. */
export class ReplyRef extends RuntimeRef {
  readonly address: string;
  readonly #host: Host;
  readonly #id: number;

  constructor(host: Host, address: string, id: number) {
    super();
    this.address = address;
    this.#host = host;
    this.#id = id;
  }

  tell(message: unknown, lane: Lane = "data"): void {
    const ask = this.#host.openAsks.get(this.#id);
    if (ask === undefined) bury(this.#host.deadLetters, this.address, message, "stopped");
    else ask.tell(message, lane);
  }

  offer(request: MessageEntry, lane: Lane): void {
    this.tell(request.letter, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return notifySoon(this.#host.executor, listener, { address: this.address, reason: "stopped" });
  }
}

/** An actor of another node. */
export class RemoteRef extends RuntimeRef implements RemoteTarget {
  readonly address: string;
  readonly target: Address;
  readonly #host: Host;

  constructor(host: Host, target: Address) {
    super();
    this.address = formatAddress(target);
    this.#host = host;
    this.target = target;
  }

  tell(message: unknown, lane: Lane = "data"): void {
    this.#send(message, message, lane);
  }

  /** A request that is forwarded to a further node travels as a plain message. */
  offer(request: MessageEntry, lane: Lane): void {
    this.#send(request.letter, request, lane);
  }

  override ask(request: unknown, ask: NamedAsker, lane: Lane): void {
    ask.goesTo(this);
    const problem = this.#host.remote?.send(this, request, lane, ask.id);
    if (problem === null) return;
    this.#host.deadLetters.publish(this.address, request, problem ?? "unreachable");
    ask.lost(this.address, problem ?? "unreachable", undefined);
  }

  watch(listener: TerminatedListener): () => void {
    const { remote, executor } = this.#host;
    if (remote !== null) return remote.watch(this.target, listener);
    return notifySoon(executor, listener, { address: this.address, reason: "unreachable" });
  }

  #send(message: unknown, item: unknown, lane: Lane): void {
    const { remote } = this.#host;
    const problem = remote === null ? "unreachable" : remote.send(this, message, lane, null);
    if (problem !== null) bury(this.#host.deadLetters, this.address, item, problem);
  }
}

/** A ref that another node gave away: what is told by it must be permitted to the giver as well. */
export class GivenRef extends RuntimeRef {
  readonly #host: Host;
  readonly #ref: RuntimeRef;
  readonly #permits: (message: unknown) => boolean;

  constructor(host: Host, ref: RuntimeRef, permits: (message: unknown) => boolean) {
    super();
    this.#host = host;
    this.#ref = ref;
    this.#permits = permits;
  }

  get address(): string {
    return this.#ref.address;
  }

  tell(message: unknown, lane: Lane = "data"): void {
    if (this.#permits(message)) this.#ref.tell(message, lane);
    else bury(this.#host.deadLetters, this.address, message, "refused");
  }

  offer(request: MessageEntry, lane: Lane): void {
    if (this.#permits(request.letter)) this.#ref.offer(request, lane);
    else bury(this.#host.deadLetters, this.address, request, "refused");
  }

  override ask(request: unknown, ask: NamedAsker, lane: Lane): void {
    if (this.#permits(request)) {
      this.#ref.ask(request, ask, lane);
      return;
    }
    this.#host.deadLetters.publish(this.address, request, "refused");
    ask.lost(this.address, "refused", undefined);
  }

  watch(listener: TerminatedListener): () => void {
    return this.#ref.watch(listener);
  }
}

/** The actor of this node that `ref` leads to, gone or not; undefined if it leads to none. */
export function actorBehind(ref: RuntimeRef): LocalActor | undefined {
  if (ref instanceof LocalRef) return ref.actor;
  return ref instanceof NamedRef ? ref.find() : undefined;
}
