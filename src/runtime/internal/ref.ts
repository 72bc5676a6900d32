/** The refs that the runtime hands out; behind the `ActorRef` that others see, each knows its way to the actor. */

import { inspect } from "node:util";
import type { ActorRef, Lane } from "../actor-ref.js";
import { formatAddress, type Address } from "../address.js";
import { type AskEntry, bury } from "./entry.js";
import type { PendingAsk } from "../ask.js";
import type { Terminated } from "../behaviour.js";
import type { Cell } from "./cell.js";
import type { Host } from "./host.js";
import type { RemoteTarget } from "../remote.js";

export type TerminatedListener = (event: Terminated) => void;

export abstract class RuntimeRef implements ActorRef<unknown> {
  abstract get address(): string;
  abstract tell(message: unknown, lane?: Lane): void;
  /** As `tell`, for a request whose asker hears at once of a failure. */
  abstract offer(request: AskEntry, lane: Lane): void;
  /** Tells `listener` once, never before this returns. @returns ends the watch. */
  abstract watch(listener: TerminatedListener): () => void;

  toJSON(): string {
    return this.address;
  }

  [inspect.custom](): string {
    return `ActorRef <${this.address}>`;
  }
}

/** One incarnation of an actor of this node. */
export class LocalRef extends RuntimeRef {
  readonly cell: Cell;
  #address: string | null = null;

  constructor(cell: Cell) {
    super();
    this.cell = cell;
  }

  get address(): string {
    return (this.#address ??= this.cell.address);
  }

  tell(message: unknown, lane: Lane = "data"): void {
    this.cell.accept(message, lane);
  }

  offer(request: AskEntry, lane: Lane): void {
    this.cell.accept(request, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return this.cell.addWatcher(listener);
  }
}

/** Whoever has a name on this node at the time of sending, or one incarnation that is gone. */
export class NamedRef extends RuntimeRef {
  readonly address: string;
  readonly #host: Host;
  readonly #target: Address;
  #found: Cell | undefined;

  constructor(host: Host, target: Address) {
    super();
    this.address = formatAddress(target);
    this.#host = host;
    this.#target = target;
  }

  tell(message: unknown, lane: Lane = "data"): void {
    const cell = this.find();
    if (cell === undefined) bury(this.#host, this.address, message, "stopped");
    else cell.accept(message, lane);
  }

  offer(request: AskEntry, lane: Lane): void {
    this.tell(request, lane);
  }

  watch(listener: TerminatedListener): () => void {
    const cell = this.find();
    const event = (reason: Terminated["reason"]) => ({ address: this.address, reason });
    if (cell === undefined) return announce(this.#host, listener, event("stopped"));
    return cell.addWatcher(({ reason }) => listener(event(reason)));
  }

  find(): Cell | undefined {
    if (this.#found === undefined || this.#found.stopped) {
      const cell = this.#host.find(this.#target.path);
      const { incarnation } = this.#target;
      this.#found = incarnation === null || cell?.incarnation === incarnation ? cell : undefined;
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
    if (ask === undefined) bury(this.#host, this.address, message, "stopped");
    else ask.tell(message, lane);
  }

  offer(request: AskEntry, lane: Lane): void {
    this.tell(request.letter, lane);
  }

  watch(listener: TerminatedListener): () => void {
    return announce(this.#host, listener, { address: this.address, reason: "stopped" });
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
    this.#send(message, message, lane, null);
  }

  /** A request that has crossed nodes before is a message like any other. */
  offer(request: AskEntry, lane: Lane): void {
    this.#send(request.letter, request, lane, null);
  }

  /** Sends the request of an ask of this node. */
  ask(request: unknown, ask: PendingAsk, lane: Lane): void {
    ask.goesTo(this);
    const problem = this.#host.remote?.send(this, request, lane, ask.id);
    if (problem === null) return;
    this.#host.deadLetters.publish(this.address, request, problem ?? "unreachable");
    ask.lost(this.address, problem ?? "unreachable", undefined);
  }

  watch(listener: TerminatedListener): () => void {
    const { remote } = this.#host;
    if (remote !== null) return remote.watch(this.target, listener);
    return announce(this.#host, listener, { address: this.address, reason: "unreachable" });
  }

  #send(message: unknown, item: unknown, lane: Lane, askId: number | null): void {
    const { remote } = this.#host;
    const problem = remote === null ? "unreachable" : remote.send(this, message, lane, askId);
    if (problem !== null) bury(this.#host, this.address, item, problem);
  }
}

/** Tells `listener` soon, unless the watch is ended before. */
export function announce(host: Host, listener: TerminatedListener, event: Terminated): () => void {
  let watching = true;
  host.executor.soon(() => {
    if (!watching) return;
    watching = false;
    listener(event);
  });
  return () => {
    watching = false;
  };
}
