/** Folds messages over a behaviour with no runtime: a virtual clock, seeded chance, and every effect recorded. */

import type { ActorRef, Lane } from "../../src/runtime/actor-ref.js";
import type { Behaviour, Context, Terminated } from "../../src/runtime/behaviour.js";
import type { TimerHandle } from "../../src/runtime/clock.js";
import { silentLogger, type Logger } from "../../src/runtime/log.js";
import type { SpawnOptions } from "../../src/runtime/spawn-options.js";
import { createProbe, type Probe } from "./probe.js";
import { VirtualClock } from "./virtual-clock.js";

interface Spawned {
  readonly behaviour: Behaviour<unknown, unknown>;
  readonly options: SpawnOptions;
  readonly ref: Probe<unknown>;
}

export interface Fold<State, Message> {
  readonly clock: VirtualClock;
  readonly self: ActorRef<Message>;
  readonly spawned: readonly Spawned[];
  /** Addresses that the behaviour stopped; its own among them where it stopped itself. */
  readonly stopped: readonly string[];
  readonly stashed: readonly Message[];
  /** Messages that the behaviour did not know. */
  readonly unhandled: readonly unknown[];
  /** Refs made by `ctx.resolve`, by address: what they were told is in them. */
  readonly resolved: ReadonlyMap<string, Probe<unknown>>;
  state(): State;
  /** Folds one message, and whatever the behaviour told itself meanwhile. */
  tell(message: Message): void;
  /** Moves the clock; timers that fall due are folded. */
  advance(ms: number): void;
  /** Lets promises given to `ctx.pipe` settle, and folds their messages. */
  settle(): Promise<void>;
  /** Tells the behaviour that a watched actor is gone. */
  terminate(address: string, reason?: Terminated["reason"]): void;
  /** Releases the state and starts anew, as a supervisor would. */
  restart(): void;
}

export function fold<State, Message>(
  behaviour: Behaviour<State, Message>,
  options: {
    readonly clock?: VirtualClock;
    readonly address?: string;
    readonly random?: () => number;
    readonly log?: Logger;
    /** Probes to hand out for addresses that the behaviour resolves. */
    readonly resolve?: Readonly<Record<string, Probe<never>>>;
  } = {},
): Fold<State, Message> {
  const clock = options.clock ?? new VirtualClock();
  const address = options.address ?? "sluice://test/actor";
  const spawned: Spawned[] = [];
  const stopped: string[] = [];
  const resolved = new Map<string, Probe<unknown>>();
  const watched = new Map<string, (event: Terminated) => Message>();
  const timers = new Map<string, TimerHandle>();
  const inbox: Message[] = [];
  const unhandled: unknown[] = [];
  let stash: Message[] = [];
  let folding = false;
  let state: State;

  const self: ActorRef<Message> = {
    address,
    tell: (message) => {
      inbox.push(message);
      drain();
    },
    toJSON: () => address,
  };

  const setTimer = (key: string, delayMs: number, message: Message, periodic: boolean): void => {
    timers.get(key)?.cancel();
    const handle = clock.after(delayMs, () => {
      timers.delete(key);
      if (periodic) setTimer(key, delayMs, message, true);
      self.tell(message);
    });
    timers.set(key, handle);
  };

  const ctx: Context<Message> = {
    self,
    name: address.slice(address.lastIndexOf("/") + 1),
    log: options.log ?? silentLogger,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    epochMs: () => clock.epochMs(),
    random: options.random ?? seeded(1),
    spawn(child, spawnOptions) {
      const ref = createProbe<unknown>(`${address}/${spawnOptions.name}`);
      spawned.push({ behaviour: child as Behaviour<unknown, unknown>, options: spawnOptions, ref });
      return ref;
    },
    stop: (target) => void stopped.push(target.address),
    watch: (target, toMessage) => void watched.set(target.address, toMessage),
    unwatch: (target) => void watched.delete(target.address),
    ask(target, toRequest, toMessage, askOptions) {
      let open = true;
      const timeout = clock.after(askOptions?.timeoutMs ?? 5_000, () => {
        if (!open) return;
        open = false;
        self.tell(toMessage({ ok: false, error: new Error("Ask timed out") }));
      });
      const replyTo = createProbe<never>(`${address}/$ask`);
      target.tell(
        toRequest({
          address: replyTo.address,
          toJSON: () => replyTo.address,
          tell: (reply) => {
            if (!open) return;
            open = false;
            timeout.cancel();
            self.tell(toMessage({ ok: true, reply }));
          },
        }),
        askOptions?.lane ?? ("data" satisfies Lane),
      );
    },
    pipe(work, toMessage) {
      work.then(
        (reply) => self.tell(toMessage({ ok: true, reply })),
        (error: unknown) =>
          self.tell(
            toMessage({ ok: false, error: error instanceof Error ? error : new Error(String(error)) }),
          ),
      );
    },
    after: (key, delayMs, message) => setTimer(key, delayMs, message, false),
    every: (key, periodMs, message) => setTimer(key, periodMs, message, true),
    cancel(key) {
      timers.get(key)?.cancel();
      timers.delete(key);
    },
    unhandled: (message) => void unhandled.push(message),
    stash: (message) => void stash.push(message),
    unstashAll() {
      inbox.unshift(...stash);
      stash = [];
    },
    resolve(target) {
      const known =
        (options.resolve?.[target] as Probe<unknown> | undefined) ??
        resolved.get(target) ??
        createProbe<unknown>(target);
      resolved.set(target, known);
      return known;
    },
  };

  function drain(): void {
    if (folding) return;
    folding = true;
    try {
      for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) {
        state = behaviour.receive(state, message, ctx);
      }
    } finally {
      folding = false;
    }
  }

  function begin(): void {
    folding = true;
    state = behaviour.start(ctx);
    folding = false;
    drain();
  }

  begin();

  return {
    clock,
    self,
    spawned,
    stopped,
    resolved,
    get stashed() {
      return stash;
    },
    unhandled,
    state: () => state,
    tell: (message) => self.tell(message),
    advance: (ms) => clock.advance(ms),
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    terminate(target, reason = "stopped") {
      const toMessage = watched.get(target);
      if (toMessage === undefined) throw new Error(`Nobody watches ${target}`);
      watched.delete(target);
      self.tell(toMessage({ address: target, reason }));
    },
    restart() {
      behaviour.stop?.(state, ctx, "restarting");
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      begin();
    },
  };
}

/** Mulberry32: the same numbers for the same seed, uniform in [0, 1). */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
