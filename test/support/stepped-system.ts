/** An actor system that runs when the test says so: virtual clock, seeded prng, and a queue as event loop. */

import type { Executor } from "../../src/runtime/executor.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import type { ActorSystemOptions } from "../../src/runtime/system-options.js";
import { seeded } from "./fold.js";
import { VirtualClock } from "./virtual-clock.js";

class StepExecutor implements Executor {
  #microtasks: (() => void)[] = [];
  #macrotasks: (() => void)[] = [];
  /** Turns of the event loop so far. */
  turns = 0;

  soon(task: () => void): void {
    this.#microtasks.push(task);
  }

  later(task: () => void): void {
    this.#macrotasks.push(task);
  }

  /** Runs what is due before the loop turns, then one turn. @returns whether anything ran. */
  turn(): boolean {
    const ran = this.#drain();
    const tasks = this.#macrotasks;
    this.#macrotasks = [];
    this.turns += 1;
    for (const task of tasks) {
      task();
      this.#drain();
    }
    return ran || tasks.length > 0;
  }

  #drain(): boolean {
    const any = this.#microtasks.length > 0;
    for (let task = this.#microtasks.shift(); task !== undefined; task = this.#microtasks.shift()) task();
    return any;
  }
}

export interface SteppedSystem {
  readonly system: ActorSystem;
  readonly clock: VirtualClock;
  readonly executor: StepExecutor;
  /** Runs until nobody has work; fails where that takes more than 10,000 turns. */
  readonly settle: () => void;
  /** Moves the clock on by `ms`, one at a time, and runs what falls due. */
  readonly advance: (ms: number) => void;
}

export function createSteppedSystem(options: Partial<ActorSystemOptions> = {}): SteppedSystem {
  const clock = new VirtualClock(0);
  const executor = new StepExecutor();
  const system = createActorSystem({
    name: "test",
    clock,
    executor,
    random: seeded(1),
    log: silentLogger,
    ...options,
  });
  const settle = (): void => {
    for (let turns = 0; executor.turn(); turns++) {
      if (turns > 10_000) throw new Error("Somebody always has work");
    }
  };
  return {
    system,
    clock,
    executor,
    settle,
    advance(ms) {
      settle();
      for (let elapsed = 0; elapsed < ms; elapsed++) {
        clock.advance(1);
        settle();
      }
    },
  };
}
