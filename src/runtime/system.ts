/** The actor system of one node: the root of its tree, and the way in for code that is no actor. */

import type { ActorRef, Lane } from "./actor-ref.js";
import { formatAddress, parseActorPath, parseAddress, parseNodeName, type Address } from "./address.js";
import type { AskOptions } from "./ask-options.js";
import type { Behaviour, Spawner, Terminated } from "./behaviour.js";
import type { NodeName } from "./brand.js";
import { startAsk, type PendingAsk } from "./internal/ask.js";
import { Cell, spawnCell } from "./internal/cell.js";
import { systemClock, type Clock } from "./clock.js";
import { createShutdown, type CoordinatedShutdown } from "./coordinated-shutdown.js";
import { DeadLetterBox, type DeadLetterReason, type DeadLetters } from "./dead-letters.js";
import { Dispatcher } from "./internal/dispatcher.js";
import { AskEntry } from "./internal/entry.js";
import { errorText, RuntimeError } from "./errors.js";
import { eventLoop, type Executor } from "./executor.js";
import type { Host } from "./internal/host.js";
import { findKernelActor, forgetKernel, startKernel } from "./internal/kernel.js";
import { createLogger, type Logger } from "./log.js";
import { actorBehind, NamedRef, RemoteRef, ReplyRef } from "./internal/ref.js";
import { RuntimeRef } from "./internal/runtime-ref.js";
import { LocalRegistry, type Registry } from "./registry.js";
import type { Asker, Deliverable, Remote } from "./remote.js";
import type { SpawnOptions, SupervisionPolicy } from "./spawn-options.js";
import { supervisionPolicy } from "./supervision.js";
import { Supervisor } from "./internal/supervisor.js";
import { unguessableId } from "./unguessable.js";

export interface ActorSystemOptions {
  /** 1 to 64 letters, digits, `-`, `_` or `.`, starting with a letter or digit. */
  readonly name: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1). Default: `Math.random`. */
  readonly random?: () => number;
  /** Default: warnings and errors on standard error. */
  readonly log?: Logger;
  /**
   * Where the incarnations of actors begin to count, up to 2^52. Default 1; a node that others reach takes a random one, so
   * that actors of two lives of it are never mistaken for each other.
   */
  readonly firstId?: number;
  /** Ids of asks, from 1 to 2^53 - 1. Default: unguessable. */
  readonly askId?: () => number;
  /** When actors get their turns. Default: Node's event loop. */
  readonly executor?: Executor;
  /** Sees each behaviour that the system itself spawns, by its name, and gives what is spawned in its place: for traces and simulations. */
  readonly decorate?: Decorate;
  /** How the root guardian treats the actors that the system spawned. */
  readonly supervision?: Partial<SupervisionPolicy>;
  /** Told of a failure beyond the root guardian's supervision, all actors stopped. Default: terminates the system. */
  readonly onFailure?: (error: Error) => void;
}

export type Decorate = <State, Message>(
  name: string,
  behaviour: Behaviour<State, Message>,
) => Behaviour<State, Message>;

export interface ActorSystem extends Spawner, Deliverable {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly log: Logger;
  readonly executor: Executor;
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
   * Rejects with RuntimeError `ask-timeout` or `ask-aborted`, and at once where it is known that no reply will come:
   * `actor-stopped` (of the system too), `actor-failed`, `mailbox-full`, `node-unreachable`.
   */
  ask<const Message, Reply>(
    target: ActorRef<Message>,
    toRequest: (replyTo: ActorRef<Reply>) => Message,
    options?: AskOptions,
  ): Promise<Reply>;
  /** Tells `listener` once, later, when `target` is gone; soon where it is gone already. @returns ends the watch. */
  watch(target: ActorRef<never>, listener: (event: Terminated) => void): () => void;
  /** Stops an actor for good; resolves when it and all below it have stopped. Another node stops what it let be started. */
  stop(target: ActorRef<never>): Promise<void>;

  /** Sends what is for other nodes by `remote` from now on; null cuts the way. */
  attachRemote(remote: Remote | null): void;
  /**
   * Lets go of the system as its process' death would: nothing of it is stopped or told. For simulations, whose processes die
   * within one that lives on.
   */
  abandon(): void;
  /** Runs the coordinated shutdown: all actors stop, children first. Its errors are logged. */
  terminate(): Promise<void>;
}

/** Starts a system. @throws RuntimeError `address-invalid` where its name is none. */
export function createActorSystem(options: ActorSystemOptions): ActorSystem {
  return new LocalSystem(options);
}

/** Starts `behaviour` as a child: of a system's root guardian, or of the actor that `parent` is the context of. */
export function spawn<State, Message>(
  parent: Spawner,
  behaviour: Behaviour<State, Message>,
  options: SpawnOptions,
): ActorRef<Message> {
  return parent.spawn(behaviour, options);
}

const ASK_NAME = "$ask";
const REPLY_PATH = /^\/\$ask\/(\d{1,16})$/;

class LocalSystem implements ActorSystem, Host {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly random: () => number;
  readonly log: Logger;
  readonly dispatcher: Dispatcher;
  readonly deadLetters: DeadLetterBox;
  readonly openAsks: Host["openAsks"] = new Map();
  readonly registry: Registry = new LocalRegistry((ref, onEnd) => this.refOf(ref).watch(onEnd));
  readonly shutdown: CoordinatedShutdown;
  remote: Remote | null = null;
  readonly #kernel;
  readonly #guardian: Supervisor;
  readonly #onFailure: (error: Error) => void;
  readonly #decorate: Decorate | undefined;
  /** From outside any actor, and open. */
  readonly #asks = new Set<PendingAsk>();
  #whenEmpty: (() => void) | null = null;
  readonly askId: () => number;
  #lastId: number;
  #status: "running" | "terminating" = "running";

  constructor(options: ActorSystemOptions) {
    this.name = parseNodeName(options.name);
    this.clock = options.clock ?? systemClock;
    this.executor = options.executor ?? eventLoop;
    this.random = options.random ?? Math.random;
    this.#lastId = (options.firstId ?? 1) - 1;
    this.askId = options.askId ?? unguessableId;
    this.log = (options.log ?? createLogger({ level: "warn" })).child({ node: this.name });
    this.dispatcher = new Dispatcher(this.clock, this.executor);
    this.deadLetters = new DeadLetterBox(this.clock, this.log);
    this.shutdown = createShutdown(this.clock);
    this.shutdown.addTask({ phase: "stopActors", name: "actors", run: () => this.#stopActors() });
    this.#decorate = options.decorate;
    this.#onFailure = options.onFailure ?? (() => void this.terminate());
    this.#kernel = startKernel(this.name);
    this.#guardian = new Supervisor(this, this.#kernel, supervisionPolicy(options.supervision), {
      escalate: (error) => this.#fail(error),
      emptied: () => this.#whenEmpty?.(),
    });
  }

  spawn<State, Message>(behaviour: Behaviour<State, Message>, options: SpawnOptions): ActorRef<Message> {
    if (options.name === ASK_NAME) {
      throw new RangeError(`Cannot spawn an actor named "${ASK_NAME}": reply addresses are below that name`);
    }
    if (this.#status === "running") {
      const spawned = this.#decorate?.(options.name, behaviour) ?? behaviour;
      return spawnCell(this, this.#guardian, spawned, options);
    }
    throw new RuntimeError(`Cannot spawn "${options.name}": system "${this.name}" is terminating`, {
      code: "actor-stopped",
    });
  }

  resolve<Message>(address: string): ActorRef<Message> {
    return this.resolveAddress(parseAddress(address));
  }

  resolveAddress(target: Address): RuntimeRef {
    if (target.node !== this.name) return new RemoteRef(this, target);
    const reply = REPLY_PATH.exec(target.path);
    if (reply !== null) return new ReplyRef(this, formatAddress(target), Number(reply[1]));
    if (target.incarnation !== null) {
      const cell = this.find(target.path);
      if (cell?.incarnation === target.incarnation) return cell.ref;
    }
    return new NamedRef(this, target);
  }

  refOf(ref: ActorRef<never>): RuntimeRef {
    return ref instanceof RuntimeRef ? ref : this.resolveAddress(parseAddress(ref.address));
  }

  find(path: string): Cell | undefined {
    const actor = findKernelActor(this.#kernel, path);
    return actor instanceof Cell ? actor : undefined;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  ask<const Message, Reply>(
    target: ActorRef<Message>,
    toRequest: (replyTo: ActorRef<Reply>) => Message,
    options?: AskOptions,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const ask = startAsk<Reply>(this, target, toRequest, options, (result, _lane, settled) => {
        this.#asks.delete(settled);
        // The reply address that `toRequest` got takes replies of this type only.
        if (result.ok) resolve(result.reply as Reply);
        else reject(result.error);
      });
      if (ask.open) this.#asks.add(ask);
    });
  }

  watch(target: ActorRef<never>, listener: (event: Terminated) => void): () => void {
    return this.refOf(target).watch((event) => {
      try {
        listener({ ...event, address: target.address });
      } catch (thrown) {
        this.log.error("Watch listener threw", { target: target.address, error: errorText(thrown) });
      }
    });
  }

  stop(target: ActorRef<never>): Promise<void> {
    const ref = this.refOf(target);
    if (ref instanceof RemoteRef) {
      if (this.remote !== null) return this.remote.stop(ref.target);
      return Promise.reject(
        new RuntimeError(`Cannot stop "${target.address}": no way leads to its node`, {
          code: "node-unreachable",
          retry: "backoff",
        }),
      );
    }
    const actor = actorBehind(ref);
    return new Promise((resolve) => {
      if (actor === undefined) return resolve();
      actor.addWatcher(() => resolve());
      actor.stop();
    });
  }

  attachRemote(remote: Remote | null): void {
    this.remote = remote;
  }

  deliver(target: Address | string, message: unknown, lane: Lane, asker?: Asker): void {
    const address =
      typeof target === "string"
        ? { node: this.name, path: parseActorPath(target), incarnation: null }
        : target;
    const ref = this.resolveAddress(address);
    if (asker === undefined) ref.tell(message, lane);
    else ref.offer(new AskEntry(message, asker), lane);
  }

  failAsk(askId: number, target: string, reason: DeadLetterReason, cause?: Error): void {
    this.openAsks.get(askId)?.lost(target, reason, cause);
  }

  nodeDown(node: string): void {
    for (const ask of this.openAsks.values()) if (ask.waitsFor(node)) ask.nodeGone();
  }

  abandon(): void {
    this.#status = "terminating";
    forgetKernel(this.#kernel);
  }

  async terminate(): Promise<void> {
    const { errors } = await this.shutdown.run();
    for (const error of errors) this.log.error("Shutdown task failed", { error: error.message });
  }

  #stopActors(): Promise<void> {
    this.#status = "terminating";
    this.deadLetters.silence();
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#kernel.stop();
        for (const ask of this.#asks) {
          ask.fail(
            new RuntimeError(`Cannot wait for a reply: system "${this.name}" has terminated`, {
              code: "actor-stopped",
            }),
          );
        }
        resolve();
      };
      this.#whenEmpty = finish;
      this.#guardian.stopAll();
      if (this.#guardian.size === 0) finish();
    });
  }

  #fail(error: Error): void {
    this.#guardian.stopAll();
    try {
      this.#onFailure(error);
    } catch (thrown) {
      this.log.error("Failure listener threw", { error: errorText(thrown), failure: error.message });
    }
  }
}
