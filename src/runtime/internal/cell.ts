/**
 * One actor of this node: its mailbox, its state and its lifecycle.
 *
 * CE1 `receive` and `start` run only in the actor's own turn, one at a time.
 * CE2 A state begins with `start` and ends with `stop`, exactly once, after all its children are gone. Its timers, its
 *     watches, its stash and the results it waits for end with it.
 * CE3 The mailbox survives a restart. What is left in it when the actor has stopped becomes dead letters.
 * CE4 What a behaviour throws goes to its supervisor and no further.
 */

import { withoutSecrets, type ActorFigures } from "../actor-figures.js";
import type { ActorRef, Lane } from "../actor-ref.js";
import type { Behaviour, StopReason, Terminated } from "../behaviour.js";
import type { TimerHandle } from "../clock.js";
import type { DeadLetterReason } from "../dead-letters.js";
import { asError, errorText } from "../errors.js";
import type { RestartType, SpawnOptions, SupervisionPolicy } from "../spawn-options.js";
import { type ContextActor, StateContext } from "./context.js";
import { bury, Entry, OwnEntry } from "./entry.js";
import type { Host, LocalActor } from "./host.js";
import { Mailbox } from "./mailbox.js";
import { LocalRef } from "./ref.js";
import { NONE } from "./ring.js";
import { checkSpawn, type SpawnSpec, stoppedParent } from "./spawn-spec.js";
import { SupervisedActor, Supervisor } from "./supervisor.js";
import { notifySoon, type TerminatedListener, Watchers } from "./watchers.js";

type Status =
  /** `start` is due at its next turn. */
  | "starting"
  | "running"
  /** Ended from inside its own turn; the consequences wait until the turn is over. */
  | "ending"
  /** Without a state until its supervisor restarts it. */
  | "suspended"
  /** Waits for its children to stop. */
  | "stopping"
  | "stopped";

const isOwn = (item: unknown): boolean => item instanceof OwnEntry;

/**
 * Starts an actor under `supervisor`; its `start` runs at its first turn.
 *
 * @throws RuntimeError `actor-name-taken`
 * @throws RangeError if the name or a number in `options` is out of its range, or it would be nested too deep.
 */
export function spawnCell<State, Message>(
  host: Host,
  supervisor: Supervisor,
  behaviour: Behaviour<State, Message>,
  options: SpawnOptions,
): ActorRef<Message> {
  const spec = checkSpawn(supervisor.parent, options);
  // A cell passes a behaviour only the states that it returned and the messages that its typed ref took.
  const erased = behaviour as Behaviour<unknown, unknown>;
  return new Cell(host, supervisor, erased, spec).ref;
}

/** An actor; `spawnCell` makes it. */
export class Cell extends SupervisedActor implements ContextActor {
  readonly host: Host;
  readonly incarnation: number;
  readonly restart: RestartType;
  readonly ref: LocalRef;
  readonly #supervisor: Supervisor;
  readonly #behaviour: Behaviour<unknown, unknown>;
  readonly #policy: SupervisionPolicy;
  readonly #mailbox: Mailbox<unknown>;
  #status: Status = "starting";
  #context: StateContext | null = null;
  #state: unknown = NONE;
  #children: Supervisor | null = null;
  #watchers: Watchers | null = null;
  #restartTimer: TimerHandle | null = null;
  #inHand: unknown = NONE;
  /** Whether it waits for its turn. */
  #queued = false;
  /** Whether another ordered the end, while it is `ending`: no supervisor undoes that. */
  #ordered = false;
  #endReason: Terminated["reason"] = "stopped";

  constructor(host: Host, supervisor: Supervisor, behaviour: Behaviour<unknown, unknown>, spec: SpawnSpec) {
    super(supervisor.parent, spec.name);
    this.host = host;
    this.incarnation = host.nextId();
    this.restart = spec.restart;
    this.ref = new LocalRef(this);
    this.#supervisor = supervisor;
    this.#behaviour = behaviour;
    this.#policy = spec.policy;
    this.#mailbox = new Mailbox(spec.bounds, isOwn);
    this.#wake();
  }

  get location(): string {
    return `/${this.path.parts.join("/")}`;
  }

  get figures(): ActorFigures {
    return {
      path: withoutSecrets(this.location),
      status: this.#status === "suspended" ? "waiting" : this.#status === "stopping" ? "stopping" : "running",
      waiting: this.#mailbox.size,
      restarts: this.restarts,
    };
  }

  get address(): string {
    return `sluice://${this.host.name}${this.location}#${this.incarnation}`;
  }

  spawn<State, Message>(behaviour: Behaviour<State, Message>, options: SpawnOptions): ActorRef<Message> {
    if (!this.#isLive() && this.#status !== "ending") throw stoppedParent(options.name, this.address);
    this.#children ??= new Supervisor(this.host, this, this.#policy, {
      escalate: (error) => this.#fail(error),
      emptied: () => {
        if (this.#status === "stopping") this.#finish();
      },
    });
    return spawnCell(this.host, this.#children, behaviour, options);
  }

  isParentOf(actor: LocalActor): boolean {
    return actor instanceof Cell && actor.#supervisor === this.#children;
  }

  // ── Mailbox ───────────────────────────────────────────────────────────────────────────────────────────────────────

  accept(item: unknown, lane: Lane): void {
    if (this.#status === "stopping" || this.#status === "stopped") return this.bury(item, "stopped");
    const lost = this.#mailbox.offer(item, lane);
    if (lost !== NONE) {
      const refused = lane === "control" || this.#mailbox.bounds.overflow === "reject";
      this.bury(lost, refused ? "mailbox-full" : "mailbox-dropped");
    }
    if (!this.#queued) this.#wake();
  }

  /** A message from stock nact. */
  override dispatch(message: unknown): void {
    this.accept(message, "data");
  }

  acceptOwn(entry: Entry, lane: Lane): void {
    this.#mailbox.offerOwn(entry, lane);
    this.#wake();
  }

  signal(entry: Entry): void {
    this.#mailbox.signal(entry);
    this.#wake();
  }

  takeFromHand(message: unknown): unknown {
    const item = this.#inHand;
    if (item !== message && !(item instanceof Entry && item.letter === message)) return message;
    this.#inHand = NONE;
    if (item instanceof Entry) item.hold();
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
    bury(this.host.deadLetters, this.ref.address, item, reason, cause);
  }

  // ── Turn ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeTurn(limit: number): number {
    const { dispatcher } = this.host;
    let handled = 0;
    let failure: unknown = NONE;
    // It may have been stopped or suspended while it waited for its turn.
    if (!this.#isLive()) {
      this.#queued = false;
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
    this.#queued = false;
    if (failure !== NONE) this.#fail(asError(failure));
    else if (this.#status === "ending") this.#end();
    else if (this.#mailbox.size > 0) this.#wake();
    this.#inHand = NONE;
    return Math.max(1, handled);
  }

  #wake(): void {
    if (this.#queued || !this.#isLive()) return;
    this.#queued = true;
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

  // ── Lifecycle ─────────────────────────────────────────────────────────────────────────────────────────────────────

  override stop(): void {
    if (this.#status === "stopping" || this.#status === "stopped") return;
    if (this.host.dispatcher.current === this) {
      this.#ordered = true;
      this.#status = "ending";
    } else {
      this.terminate("stopped");
    }
  }

  endItself(): void {
    if (this.host.dispatcher.current === this) this.#status = "ending";
    else if (this.#status === "running") this.#end();
  }

  #end(): void {
    if (this.#ordered) this.terminate("stopped");
    else this.#supervisor.childEnded(this, null);
  }

  #fail(error: Error): void {
    const item = this.#inHand;
    if (item !== NONE) this.bury(item, "failed", error);
    this.#inHand = NONE;
    if (this.#ordered) this.terminate("stopped");
    else this.#supervisor.childEnded(this, error, item instanceof Entry && item.foreign);
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

  addWatcher(listener: TerminatedListener): () => void {
    if (!this.stopped) return (this.#watchers ??= new Watchers()).add(listener);
    return notifySoon(this.host.executor, listener, { address: this.ref.address, reason: this.#endReason });
  }

  #finish(): void {
    if (this.stopped) return;
    this.#release("stopped");
    this.#status = "stopped";
    this.leaveTree();
    for (let item = this.#mailbox.take(); item !== NONE; item = this.#mailbox.take())
      this.bury(item, "stopped");
    this.#watchers?.notify({ address: this.ref.address, reason: this.#endReason });
    this.#watchers = null;
    this.#supervisor.childGone();
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
