/**
 * Random trees of actors that fail, stop, spawn, stash, ask, watch and set timers as a random script says, run step by
 * step in random order. What must hold of every such history:
 *
 * LC1 Each state has exactly one `start` and one `stop`; it receives messages only between them, one at a time.
 * LC2 A state has no running child when it stops, and what it waits for (replies, timers, ends) reaches no other state.
 * LC3 An actor that has not ended answers once all work is done; one that has is reported once, and never answers again.
 * LC4 Each message is handled once or is one dead letter: never both, and not neither once the system has terminated.
 * LC5 A temporary actor is never restarted.
 */

import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour, Context, Spawner } from "../../src/runtime/behaviour.js";
import { seeded } from "../support/fold.js";
import { createSteppedSystem } from "../support/stepped-system.js";
import { within } from "../support/within.js";
import {
  type Act,
  anyPlan,
  anyStep,
  type Message,
  type Plan,
  type State,
  type Step,
} from "./lifecycle-script.js";

const RUNS = 1_000;

const DEPTH_MAX = 3;

class History {
  readonly stepped;
  readonly plans: readonly Plan[];
  /** Every incarnation, in the order of their start. */
  readonly refs: ActorRef<Message>[] = [];
  readonly ends = new Map<string, string[]>();
  readonly states: State[] = [];
  readonly handled: number[] = [];
  readonly letters: number[] = [];
  /** What a behaviour found to be wrong. It cannot throw it, as its supervisor would catch that. */
  readonly violations: string[] = [];
  sent = 0;
  restarts = 0;
  readonly #stashed = new Set<number>();
  /** Whose turn it is. */
  #turn: string | null = null;

  constructor(plans: readonly Plan[], seed: number) {
    this.plans = plans;
    this.stepped = createSteppedSystem({
      random: seeded(seed),
      supervision: { intensity: 2, periodMs: 50, backoff: { minMs: 3, maxMs: 9, factor: 2, jitter: 0.5 } },
      onFailure: () => {},
    });
    this.stepped.system.deadLetters.subscribe(({ message }) => {
      const { id } = message as { readonly id?: number };
      if (id !== undefined) this.letters[id] = (this.letters[id] ?? 0) + 1;
    });
  }

  /** Runs one step of the script. */
  run(next: Step): void {
    const { system, executor, clock } = this.stepped;
    switch (next.step) {
      case "root":
        this.#spawn(system, next.root, 0);
        break;
      case "tell":
        this.#pick(next.actor)?.tell(this.#script(next.acts), next.control ? "control" : "data");
        break;
      case "turn":
        executor.turn();
        break;
      case "advance":
        clock.advance(next.ms);
        break;
      case "stop": {
        const ref = this.#pick(next.actor);
        if (ref !== undefined) void system.stop(ref);
        break;
      }
    }
  }

  /** Runs until all work is done, sends every actor a message, and checks that those answer that have not ended. */
  probe(): void {
    const { advance } = this.stepped;
    advance(100);
    const probes = this.refs.map((ref) => {
      const ends = this.ends.get(ref.address) ?? [];
      const id = this.sent;
      ref.tell(this.#script([]));
      return { address: ref.address, id, ends, gone: ends.length > 0 };
    });
    // Some may still be in a backoff: a restart now and then is within the intensity.
    advance(50);
    for (const { address, id, ends, gone } of probes) {
      const answered = this.handled[id] === 1;
      if (gone) this.check(!answered, `LC3: ${address} answered after its end`);
      else this.check(answered || ends.length > 0, `LC3: ${address} has not ended and does not answer`);
    }
  }

  async end(): Promise<void> {
    await within(1_000, this.stepped.system.terminate());
    this.stepped.settle();
    for (const { address, running } of this.states) this.check(!running, `LC1: ${address} never stopped`);
    for (const [address, ends] of this.ends)
      this.check(ends.length === 1, `LC3: ${address} ended ${ends.length} times`);
    for (let id = 0; id < this.sent; id++) {
      const [handled, letters] = [this.handled[id] ?? 0, this.letters[id] ?? 0];
      this.check(
        handled + letters === 1,
        `LC4: message ${id} handled ${handled}, dead letter ${letters} times`,
      );
    }
    this.check(this.stepped.clock.pending === 0, `${this.stepped.clock.pending} timers are left`);
  }

  check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }

  #pick(actor: number): ActorRef<Message> | undefined {
    return this.refs[actor % Math.max(1, this.refs.length)];
  }

  #script(acts: readonly Act[]): Message {
    return { kind: "script", id: this.sent++, acts };
  }

  #spawn(parent: Spawner, child: number, depth: number): void {
    const plan = this.plans[(depth * 7 + child) % this.plans.length];
    if (plan === undefined || depth > DEPTH_MAX) return;
    const { strategy, restart, intensity, overflow, capacity } = plan;
    const backoff = { minMs: 2, maxMs: 8, factor: 2, jitter: 0.5 };
    try {
      const ref = parent.spawn(this.#behaviour(plan, depth), {
        name: `child-${child}`,
        restart,
        mailbox: { capacity, overflow },
        supervision: { strategy, intensity, periodMs: 50, backoff },
      });
      this.refs.push(ref);
      const ends: string[] = [];
      this.ends.set(ref.address, ends);
      this.stepped.system.watch(ref, ({ reason }) => ends.push(reason));
    } catch (thrown) {
      // The script may ask for a name that is taken.
      const { code } = thrown as { readonly code?: unknown };
      if (code !== "actor-name-taken") this.violations.push(`spawn: ${String(thrown)}`);
    }
  }

  #behaviour(plan: Plan, depth: number): Behaviour<State, Message> {
    let starts = 0;
    let last: State | null = null;
    return {
      start: (ctx) => {
        const { address } = ctx.self;
        return this.#inTurn(address, () => {
          starts += 1;
          if (starts > 1) this.restarts += 1;
          this.check(
            starts === 1 || plan.restart !== "temporary",
            `LC5: ${address} is temporary and restarts`,
          );
          this.check(last?.running !== true, `LC1: ${address} starts over a state that has not stopped`);
          this.check(this.ends.get(address)?.length === 0, `LC3: ${address} starts after its end`);
          for (let child = 0; child < plan.children; child++) this.#spawn(ctx, child, depth + 1);
          if (starts === plan.startThatFails) throw new Error("start");
          last = { address, running: true };
          this.states.push(last);
          return last;
        });
      },
      receive: (state, message, ctx) =>
        this.#inTurn(state.address, () => {
          this.check(state.running, `LC1: ${state.address} receives a message after its stop`);
          if (message.kind === "own") {
            this.check(
              message.state === state,
              `LC2: ${state.address} receives what another state waited for`,
            );
          } else if (message.kind === "question") {
            message.replyTo.tell({ kind: "own", state });
            this.#handle(message.id);
          } else {
            this.#play(message, state, ctx, depth);
          }
          return state;
        }),
      stop: (state) => {
        const { address } = state;
        this.check(this.#turn !== address, `LC1: ${address} stops within its turn`);
        this.check(state.running, `LC1: ${address} stops twice`);
        state.running = false;
        const below = `${pathOf(address)}/`;
        for (const other of this.states) {
          this.check(
            !other.running || !other.address.startsWith(below),
            `LC2: ${other.address} outlives ${address}`,
          );
        }
        if (plan.stopFails) throw new Error("stop");
      },
    };
  }

  #inTurn<Result>(address: string, work: () => Result): Result {
    this.check(this.#turn === null, `LC1: ${address} runs within the turn of ${this.#turn}`);
    this.#turn = address;
    try {
      return work();
    } finally {
      this.#turn = null;
    }
  }

  #handle(id: number): void {
    this.handled[id] = (this.handled[id] ?? 0) + 1;
  }

  #play(
    message: Extract<Message, { kind: "script" }>,
    state: State,
    ctx: Context<Message>,
    depth: number,
  ): void {
    const own = (): Message => ({ kind: "own", state });
    const childRef = (child: number) => ctx.resolve<Message>(`${pathOf(ctx.self.address)}/child-${child}`);
    const parent =
      depth === 0 ? null : ctx.resolve<Message>(pathOf(ctx.self.address).replace(/\/[^/]*$/, ""));
    const acts = this.#stashed.has(message.id) ? [] : message.acts;
    let stashed = false;
    for (const next of acts) {
      switch (next.act) {
        case "fail":
          throw new Error("fail");
        case "end":
          ctx.stop(ctx.self);
          break;
        case "stopParent":
          if (parent !== null) void this.stepped.system.stop(parent);
          break;
        case "stash":
          if (!this.#stashed.has(message.id)) ctx.stash(message);
          this.#stashed.add(message.id);
          stashed = true;
          break;
        case "unstash":
          ctx.unstashAll();
          break;
        case "timer":
          ctx.after("timer", 2, own());
          ctx.every("tick", 7, own());
          break;
        case "spawn":
          this.#spawn(ctx, next.child, depth + 1);
          break;
        case "stopChild":
          ctx.stop(childRef(next.child));
          break;
        case "askChild": {
          const id = this.sent++;
          const toRequest = (replyTo: ActorRef<Message>): Message => ({ kind: "question", id, replyTo });
          ctx.ask<Message, Message>(childRef(next.child), toRequest, own, { timeoutMs: 5 });
          break;
        }
        case "watchChild":
          ctx.watch(childRef(next.child), own);
          break;
        case "tellParent":
          parent?.tell(this.#script([{ act: next.order }]));
          break;
        case "tellSelf":
          ctx.self.tell(this.#script([{ act: next.order }]), "control");
          break;
      }
    }
    if (!stashed) this.#handle(message.id);
  }
}

/** An address without its incarnation. */
function pathOf(address: string): string {
  return address.replace(/#.*/, "");
}

test("actors keep LC1 to LC5 in any tree, under any script, in any order of turns", async () => {
  const seen = { restarts: 0, handled: 0, letters: 0, ended: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyPlan, { minLength: 1, maxLength: 6 }),
      fc.array(anyStep, { minLength: 10, maxLength: 80 }),
      fc.nat(),
      async (plans, steps, seed) => {
        const history = new History(plans, seed);
        history.run({ step: "root", root: 0 });
        for (const next of steps) history.run(next);
        history.probe();
        seen.ended += [...history.ends.values()].filter((ends) => ends.length > 0).length;
        await history.end();
        seen.restarts += history.restarts;
        seen.handled += history.handled.length;
        seen.letters += history.letters.length;
        if (history.violations.length > 0) throw new Error(history.violations.slice(0, 5).join("\n"));
      },
    ),
    { numRuns: RUNS, includeErrorInReport: true },
  );
  // The scripts reach what they are meant to test.
  for (const [what, count] of Object.entries(seen))
    assert.ok(count > RUNS, `${what}: ${count} in ${RUNS} runs`);
});

test.run();
