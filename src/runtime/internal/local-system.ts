/** The one implementation of `ActorSystem`, `NodeSystem` and `Host`: the root of a node's tree of actors. */

import type { ActorFigures, ActorTree } from "../actor-figures.js";
import type { ActorRef, Lane } from "../actor-ref.js";
import { formatAddress, parseAddress, parseNodeName, type Address } from "../address.js";
import type { AskOptions } from "../ask-options.js";
import type { Behaviour, Terminated } from "../behaviour.js";
import type { NodeName } from "../brand.js";
import type { ActorPath } from "../brand.js";
import { systemClock, type Clock } from "../clock.js";
import { createShutdown, type CoordinatedShutdown } from "../coordinated-shutdown.js";
import { DeadLetterBox, type DeadLetterReason } from "../dead-letters.js";
import { errorText, RuntimeError } from "../errors.js";
import { eventLoop, type Executor } from "../executor.js";
import { createLogger, type Logger } from "../log.js";
import { LocalRegistry, type Registry } from "../registry.js";
import { MemoryBudget } from "../memory-budget.js";
import type { Asker, Postage, Remote } from "../remote.js";
import type { SpawnOptions } from "../spawn-options.js";
import { supervisionPolicy } from "../supervision.js";
import type { ActorSystemOptions, Decorate } from "../system-options.js";
import { unguessableId } from "../unguessable.js";
import { ASK_NAME, askIdOf, startAsk, type PendingAsk } from "./ask.js";
import { Cell, spawnCell } from "./cell.js";
import { Dispatcher } from "./dispatcher.js";
import { AskEntry, ForeignEntry } from "./entry.js";
import type { Host } from "./host.js";
import { findKernelActor, forgetKernel, kernelActors, startKernel } from "./kernel.js";
import { actorBehind, GivenRef, NamedRef, RemoteRef, ReplyRef } from "./ref.js";
import { RuntimeRef } from "./runtime-ref.js";
import { Supervisor } from "./supervisor.js";

/** `createActorSystem` and `nodeSystem` hand it out, and so check that it is an `ActorSystem` and a `NodeSystem`. */
export class LocalSystem implements Host {
  readonly name: NodeName;
  readonly clock: Clock;
  readonly executor: Executor;
  readonly random: () => number;
  readonly askId: () => number;
  readonly log: Logger;
  readonly dispatcher: Dispatcher;
  readonly memory: MemoryBudget;
  readonly deadLetters: DeadLetterBox;
  readonly openAsks: Host["openAsks"] = new Map();
  readonly registry: Registry = new LocalRegistry((ref, onEnd) => this.refOf(ref).watch(onEnd));
  readonly shutdown: CoordinatedShutdown;
  remote: Remote | null = null;
  readonly #kernel;
  readonly #guardian: Supervisor;
  readonly #onFailure: (error: Error) => void;
  readonly #decorate: Decorate | undefined;
  /** Open asks from outside any actor. */
  readonly #asks = new Set<PendingAsk>();
  #whenEmpty: (() => void) | null = null;
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
    this.memory = new MemoryBudget(options.memoryBytes);
    // What this node itself takes is told apart by this name, too.
    this.memory.share(this.name).keep();
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
      throw new RangeError(`Cannot spawn an actor named "${ASK_NAME}": it is reserved for reply addresses`);
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
    const askId = askIdOf(target.path);
    if (askId !== null) return new ReplyRef(this, formatAddress(target), askId);
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

  actors(actorsMax: number): ActorTree {
    const actors: ActorFigures[] = [];
    let left = 0;
    for (const actor of kernelActors(this.#kernel)) {
      if (!(actor instanceof Cell)) continue;
      if (actors.length < actorsMax) actors.push(actor.figures);
      else left += 1;
    }
    return { actors, left };
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
        new RuntimeError(`Cannot stop "${target.address}": its node is unreachable`, {
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

  deliver(target: Address, message: unknown, lane: Lane, asker?: Asker): void {
    const ref = this.resolveAddress(target);
    if (asker === undefined) ref.tell(message, lane);
    else ref.offer(new AskEntry(message, asker), lane);
  }

  deliverForeign(
    target: ActorRef<never>,
    message: unknown,
    lane: Lane,
    origin: Postage,
    asker?: Asker,
  ): void {
    this.refOf(target).offer(new ForeignEntry(message, origin, asker ?? null), lane);
  }

  resolveGiven(target: Address, permits: (message: unknown) => boolean): ActorRef<never> {
    return new GivenRef(this, this.resolveAddress(target), permits);
  }

  takesReply(path: ActorPath, node: string): boolean {
    const askId = askIdOf(path);
    const ask = askId === null ? undefined : this.openAsks.get(askId);
    return ask === undefined || ask.takesReplyFrom(node);
  }

  failAsk(node: string, askId: number, target: string, reason: DeadLetterReason, cause?: Error): void {
    const ask = this.openAsks.get(askId);
    if (ask?.waitsFor(node) === true) ask.lost(target, reason, cause);
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
