/** Actors for tests of the runtime: one that runs the functions that it receives, and some that do even less. */

import type { Behaviour, Context } from "../../src/runtime/behaviour.js";
import type { DeadLetter } from "../../src/runtime/dead-letters.js";
import type { SupervisionPolicy } from "../../src/runtime/spawn-options.js";
import type { ActorSystem } from "../../src/runtime/system.js";

/** A message of a worker: runs in its turn. */
export type Work = (ctx: Context<Work>) => void;

interface Hooks {
  readonly onStart?: Work;
  readonly onStop?: Work;
}

/** Runs each message, and writes its lifecycle to `journal`. Its state is the number of messages that it has handled. */
export function worker(journal: string[] = [], { onStart, onStop }: Hooks = {}): Behaviour<number, Work> {
  return {
    start(ctx) {
      journal.push(`${ctx.name} start`);
      onStart?.(ctx);
      return 0;
    },
    receive(count, work, ctx) {
      work(ctx);
      return count + 1;
    },
    stop(count, ctx, reason) {
      journal.push(`${ctx.name} ${reason} after ${count}`);
      onStop?.(ctx);
    },
  };
}

/** Makes a worker fail. */
export const fail: Work = (ctx) => {
  throw new Error(`${ctx.name} was asked to`);
};

/** Makes a worker write `text` to `journal`. */
export function note(journal: string[], text: string): Work {
  return () => void journal.push(text);
}

/** Keeps every message. */
export function recorder<Message>(received: Message[]): Behaviour<null, Message> {
  return {
    start: () => null,
    receive(state, message) {
      received.push(message);
      return state;
    },
  };
}

/** Ignores every message. */
export const idle: Behaviour<null, unknown> = { start: () => null, receive: (state) => state };

/** Two restarts within a second, each after 10 ms. */
export const after10ms: Partial<SupervisionPolicy> = {
  intensity: 2,
  periodMs: 1_000,
  backoff: { minMs: 10, maxMs: 10, factor: 1, jitter: 0 },
};

/** The dead letters of `system` from now on. */
export function lettersOf(system: ActorSystem): readonly DeadLetter[] {
  const letters: DeadLetter[] = [];
  system.deadLetters.subscribe((letter) => letters.push(letter));
  return letters;
}
