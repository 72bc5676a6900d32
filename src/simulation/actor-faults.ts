/** Actors of a simulated node that fail on a message. */

import type { Decorate } from "../runtime/system-options.js";
import type { Prng } from "./prng.js";
import type { VirtualTime } from "./virtual-time.js";

/** Between failures of the actors of a host, in ms: fewer than its supervision bears. */
const FAILURE_PERIOD_MS = 3_000;
/** Messages whose loss costs a delivery, a frame that is read again or a write that is done again, and nothing else. */
const FAILS_ON: ReadonlySet<string> = new Set([
  "submit",
  "stageCompleted",
  "store",
  "appendEnded",
  "frameCaptured",
  "journalWritten",
  "taskSettled",
]);

/** Which actors fail, by their names. */
const ACTORS: readonly ((name: string) => boolean)[] = [
  (name) => name === "controller",
  (name) => name === "distributor",
  (name) => name.startsWith("source-"),
];

/** What an actor fails with by a fault. */
const INJECTED = "a fault of the simulation";

export function isInjected(text: string): boolean {
  return text === INJECTED;
}

export class ActorFaults {
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  /** Whether an actor of this name fails on its next message; null where none does. */
  #failing: ((name: string) => boolean) | null = null;
  #failedAtMs = -Infinity;

  constructor(time: VirtualTime, prng: Prng) {
    this.#time = time;
    this.#prng = prng;
  }

  /** An actor fails on its next message with a task, or on its next answer of a disk. */
  fail(): void {
    if (this.#time.nowMs - this.#failedAtMs < FAILURE_PERIOD_MS) return;
    this.#failedAtMs = this.#time.nowMs;
    this.#failing = this.#prng.pick(ACTORS);
  }

  /** None fails any more. */
  end(): void {
    this.#failing = null;
  }

  /** Fails before the message has any effect: it is lost, as a dead letter. */
  readonly decorate: Decorate = (name, behaviour) => ({
    ...behaviour,
    receive: (state, message, ctx) => {
      const { type } = message as { readonly type: string };
      if (this.#failing?.(name) === true && FAILS_ON.has(type)) {
        this.#failing = null;
        throw new Error(INJECTED);
      }
      return behaviour.receive(state, message, ctx);
    },
  });
}
