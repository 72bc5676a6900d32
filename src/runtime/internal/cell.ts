/**
 * One actor of this node: its mailbox, its state and its life.
 *
 * L1 `receive` and `start` run only in the actor's own turn, one at a time.
 * L2 A state begins with `start` and ends with `stop`, exactly once, its children gone before. Its timers, its watches,
 *    its stash and the results it waits for end with it.
 * L3 The mailbox outlives a restart. What is left of it when the actor has stopped becomes dead letters.
 * L4 What a behaviour throws goes to its supervisor and no further.
 */

import type { ActorRef, Lane } from "../actor-ref.js";
import { checkActorName, DEPTH_MAX } from "../address.js";
import type { Behaviour, StopReason, Terminated } from "../behaviour.js";
import type { TimerHandle } from "../clock.js";
import { StateContext, stoppedParent } from "./context.js";
import type { DeadLetterReason } from "../dead-letters.js";
import { bury, Entry, OwnEntry } from "./entry.js";
import { asError, errorText, RuntimeError } from "../errors.js";
import type { Host } from "./host.js";
import { Mailbox, mailboxBounds, type MailboxBounds } from "./mailbox.js";
import { announce, LocalRef, type TerminatedListener } from "./ref.js";
import { NONE } from "./ring.js";
import type { RestartType, SpawnOptions, SupervisionPolicy } from "../spawn-options.js";
import { supervisionPolicy } from "../supervision.js";
import { SupervisedActor, Supervisor } from "./supervisor.js";

type Status =
  /** `start` is due at its next turn. */
  | "starting"
  | "running"
  /** Ended from inside its own turn: what follows waits until the turn is over. */
  | "ending"
  /** Without a state, until its supervisor restarts it. */
  | "suspended"
  /** Waits for its children to stop. */
  | "stopping"
  | "stopped";

const isOwn = (item: unknown): boolean => item instanceof OwnEntry;

/**
 * Starts an actor under `supervisor`; its `start` runs at its first turn.
 *
 * @throws RuntimeError `actor-name-taken`
 * @throws RangeError where the name or a figure in `options` is out of its range.
 */
export function spawnCell<State, Message>(
  supervisor: Supervisor,
  behaviour: Behaviour<State, Message>,
  options: SpawnOptions,
): ActorRef<Message> {
  checkActorName(options.name);
  if (supervisor.parent.path.parts.length >= DEPTH_MAX) {
    throw new RangeError(`Cannot spawn "${options.name}" below ${DEPTH_MAX} levels of actors`);
  }
  if (supervisor.parent.children.has(options.name)) {
    throw new RuntimeError(`Cannot spawn "${options.name}": a child of that name lives`, {
      code: "actor-name-taken",
      details: { name: options.name },
    });
  }
  // A cell passes a behaviour only the states that it returned and the messages that its typed ref took.
  const erased = behaviour as Behaviour<unknown, unknown>;
  // Checked before nact's tree knows the name.
  const bounds = mailboxBounds(options.mailbox);
  const policy = supervisionPolicy(options.supervision);
  return new Cell(supervisor, erased, options, bounds, policy).ref;
}

export class Cell extends SupervisedActor {
  readonly host: Host;
  readonly supervisor: Supervisor;
  readonly incarnation: number;
  readonly restart: RestartType;
  readonly ref: LocalRef;
  readonly #behaviour: Behaviour<unknown, unknown>;
  readonly #policy: SupervisionPolicy;
  readonly #mailbox: Mailbox<unknown>;
  #status: Status = "starting";
  #context: StateContext | null = null;
  #state: unknown = NONE;
  #children: Supervisor | null = null;
  #watchers: Set<TerminatedListener> | null = null;
  #restartTimer: TimerHandle | null = null;
  #inHand: unknown = NONE;
  #inLine = false;
  /** While it is `ending`: on another's order, which no supervisor undoes. */
  #ordered = false;
  #endReason: Terminated["reason"] = "stopped";

  constructor(
    supervisor: Supervisor,
    behaviour: Behaviour<unknown, unknown>,
    options: SpawnOptions,
    bounds: MailboxBounds,
    policy: SupervisionPolicy,
  ) {
    super(supervisor.parent, options.name);
    this.host = supervisor.host;
    this.supervisor = supervisor;
    this.incarnation = this.host.nextId();
    this.restart = options.restart ?? "transient";
    this.ref = new LocalRef(this);
    this.#behaviour = behaviour;
    this.#policy = policy;
    this.#mailbox = new Mailbox(bounds, isOwn);
    this.#wake();
  }

  get location(): string {
    return `/${this.path.parts.join("/")}`;
  }

  get address(): string {
    return `sluice://${this.host.name}${this.location}#${this.incarnation}`;
  }

  /** Who supervises the children of this actor. */
  get family(): Supervisor {
    return (this.#children ??= new Supervisor(this.host, this, this.#policy, {
      escalate: (error) => this.#fail(error),
      emptied: () => {
        if (this.#status === "stopping") this.#finish();
      },
    }));
  }

  spawn<State, Message>(behaviour: Behaviour<State, Message>, options: SpawnOptions): ActorRef<Message> {
    if (this.#isLive() || this.#status === "ending") return spawnCell(this.family, behaviour, options);
    throw stoppedParent(options.name, this.address);
  }

  // ── Mailbox ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes a message, or an entry around one. */
  accept(item: unknown, lane: Lane): void {
    if (this.#status === "stopping" || this.#status === "stopped") return this.bury(item, "stopped");
    const lost = this.#mailbox.offer(item, lane);
    if (lost !== NONE) {
      const refused = lane === "control" || this.#mailbox.bounds.overflow === "reject";
      this.bury(lost, refused ? "mailbox-full" : "mailbox-dropped");
    }
    if (!this.#inLine) this.#wake();
  }

  /** A message from stock nact. */
  override dispatch(message: unknown): void {
    this.accept(message, "data");
  }

  /** Takes what its state waits for. */
  acceptOwn(entry: Entry, lane: Lane): void {
    this.#mailbox.offerOwn(entry, lane);
    this.#wake();
  }

  signal(entry: Entry): void {
    this.#mailbox.signal(entry);
    this.#wake();
  }

  /** What to stash for `message`: where it is the one in hand, the entry that it came in, and it is in hand no more. */
  takeFromHand(message: unknown): unknown {
    const item = this.#inHand;
    if (item !== message && !(item instanceof Entry && item.letter === message)) return message;
    this.#inHand = NONE;
    return item;
  }

  get stashCapacity(): number {
    return this.#mailbox.bounds.capacity;
  }

  putBack(items: readonly unknown[]): void {
    this.#mailbox.putBack(items);
    this.#wake();
  }

  bury(item: unknown, reason: DeadLetterReason, cause?: Error): void {
    bury(this.host, this.ref.address, item, reason, cause);
  }

  // ── Turn ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeTurn(limit: number): number {
    const { dispatcher } = this.host;
    let handled = 0;
    let failure: unknown = NONE;
    // It may have been stopped or suspended while it stood in line.
    if (!this.#isLive()) {
      this.#inLine = false;
      return handled;
    }
    dispatcher.current = this;
    try {
      const context = this.#context ?? this.#start();
      while (handled < limit && this.#status === "running") {
        const item = this.#mailbox.take();
        if (item === NONE) break;
        handled += 1;
        this.#inHand = item;
        const message = item instanceof Entry ? item.open() : item;
        if (message === NONE) this.bury(item, "stale");
        else this.#state = this.#behaviour.receive(this.#state, message, context);
      }
    } catch (thrown) {
      failure = thrown;
    }
    dispatcher.current = null;
    this.#inLine = false;
    if (failure !== NONE) this.#fail(asError(failure));
    else if (this.#status === "ending") this.#end();
    else if (this.#mailbox.size > 0) this.#wake();
    this.#inHand = NONE;
    return Math.max(1, handled);
  }

  #wake(): void {
    if (this.#inLine || !this.#isLive()) return;
    this.#inLine = true;
    this.host.dispatcher.enqueue(this);
  }

  #isLive(): boolean {
    return this.#status === "running" || this.#status === "starting";
  }

  #start(): StateContext {
    const context = new StateContext(this);
    this.#context = context;
    this.#state = this.#behaviour.start(context);
    if (this.#status === "starting") this.#status = "running";
    return context;
  }

  // ── Life ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Stops it for good, on another's order; at once, or after the message in hand where this is its own turn. */
  override stop(): void {
    if (this.#status === "stopping" || this.#status === "stopped") return;
    if (this.host.dispatcher.current === this) {
      this.#ordered = true;
      this.#status = "ending";
    } else {
      this.terminate("stopped");
    }
  }

  /** Ends it by its own will, after the message in hand; its supervisor may start it anew. */
  endItself(): void {
    if (this.host.dispatcher.current === this) this.#status = "ending";
    else if (this.#status === "running") this.#end();
  }

  #end(): void {
    if (this.#ordered) this.terminate("stopped");
    else this.supervisor.childEnded(this, null);
  }

  #fail(error: Error): void {
    if (this.#inHand !== NONE) this.bury(this.#inHand, "failed", error);
    this.#inHand = NONE;
    if (this.#ordered) this.terminate("stopped");
    else this.supervisor.childEnded(this, error);
  }

  suspend(): void {
    if (this.#status === "stopping" || this.#status === "stopped") return;
    this.#status = "suspended";
    this.#children?.stopAll();
    this.#release("restarting");
  }

  restartIn(delayMs: number): void {
    if (this.#status !== "suspended") return;
    this.#restartTimer?.cancel();
    this.#restartTimer = this.host.clock.after(delayMs, () => {
      this.#restartTimer = null;
      this.#status = "starting";
      this.#wake();
    });
  }

  terminate(reason: Terminated["reason"]): void {
    if (this.#status === "stopping" || this.#status === "stopped") return;
    this.#status = "stopping";
    this.#endReason = reason;
    this.#restartTimer?.cancel();
    this.#children?.stopAll();
    if (this.#children === null || this.#children.size === 0) this.#finish();
  }

  /** Tells `listener` once, never before this returns, when this actor is gone. @returns ends the watch. */
  addWatcher(listener: TerminatedListener): () => void {
    if (this.stopped) {
      return announce(this.host, listener, { address: this.ref.address, reason: this.#endReason });
    }
    const watcher: TerminatedListener = (event) => listener(event);
    const watchers = (this.#watchers ??= new Set());
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  }

  #finish(): void {
    if (this.stopped) return;
    this.#release("stopped");
    this.#status = "stopped";
    this.leaveTree();
    for (let item = this.#mailbox.take(); item !== NONE; item = this.#mailbox.take())
      this.bury(item, "stopped");
    const event: Terminated = { address: this.ref.address, reason: this.#endReason };
    const watchers = this.#watchers;
    this.#watchers = null;
    for (const watcher of watchers ?? []) watcher(event);
    this.supervisor.childGone();
  }

  #release(reason: StopReason): void {
    const context = this.#context;
    const state = this.#state;
    this.#context = null;
    this.#state = NONE;
    if (context === null) return;
    if (state !== NONE) {
      try {
        this.#behaviour.stop?.(state, context, reason);
      } catch (thrown) {
        this.host.log.error("Stop hook threw", { actor: this.location, error: errorText(thrown) });
      }
    }
    context.end();
  }
}
