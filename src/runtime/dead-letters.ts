/** Undelivered messages: counted by reason, passed to subscribers, and logged at most once a second. */

import type { Clock } from "./clock.js";
import type { Logger } from "./log.js";

/** Why a message was not handled. */
export type DeadLetterReason =
  /** Its mailbox was full and refused it. */
  | "mailbox-full"
  /** Its mailbox was full and dropped it by its overflow policy. */
  | "mailbox-dropped"
  /** There was no room for it in the memory of the node, or no more for its sender. */
  | "no-memory"
  /** The actor failed on it. */
  | "failed"
  /** The actor has stopped, or never existed. */
  | "stopped"
  /** It was meant for a state that has ended by then: stashed in it, or the result of its work. */
  | "stale"
  /** Its node cannot be reached. */
  | "unreachable"
  /** It cannot cross nodes: it holds a function or a promise. */
  | "unencodable"
  /** It is larger than any message between nodes may be. */
  | "too-large"
  /** The link to its node is full. */
  | "link-full"
  /** Its node does not allow this one to send it, or whoever gave the ref away may not. */
  | "refused"
  /** The actor does not know such a message. */
  | "unhandled";

/** A message that was not handled. */
export interface DeadLetter {
  /** Address that it was sent to. */
  readonly target: string;
  readonly message: unknown;
  readonly reason: DeadLetterReason;
}

/** The dead letters of one node, by count and as they come. */
export interface DeadLetters {
  readonly total: number;
  readonly countByReason: Readonly<Record<DeadLetterReason, number>>;
  /**
   * Calls `listener` with each dead letter from now on. Dead letters that a listener itself causes are only counted.
   *
   * @returns ends the subscription
   */
  subscribe(listener: (letter: DeadLetter) => void): () => void;
}

const LOG_PERIOD_MS = 1_000;

/** Where the runtime puts dead letters. */
export class DeadLetterBox implements DeadLetters {
  readonly countByReason: Record<DeadLetterReason, number>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();
  #total = 0;
  #notifying = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #loggedTotal = 0;
  #silent = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    this.countByReason = {
      "mailbox-full": 0,
      "mailbox-dropped": 0,
      "no-memory": 0,
      failed: 0,
      stopped: 0,
      stale: 0,
      unreachable: 0,
      unencodable: 0,
      "too-large": 0,
      "link-full": 0,
      refused: 0,
      unhandled: 0,
    };
  }

  get total(): number {
    return this.#total;
  }

  subscribe(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Stops logging, but not counting: while a system terminates, dead letters are expected. */
  silence(): void {
    this.#silent = true;
  }

  publish(target: string, message: unknown, reason: DeadLetterReason): void {
    this.#total += 1;
    this.countByReason[reason] += 1;
    // An answer that comes too late has been given up: whoever asked has said so where it matters.
    if (reason === "stopped" && isAnswer(target)) this.#log.debug("Late answer", { target });
    else this.#logSometimes(target, reason);
    if (this.#notifying || this.#listeners.size === 0) return;
    this.#notifying = true;
    for (const listener of this.#listeners) {
      try {
        listener({ target, message, reason });
      } catch (thrown) {
        // The sender must not suffer from a listener's failure; its owner finds it in the log.
        this.#log.error("Dead letter listener threw", { error: String(thrown) });
      }
    }
    this.#notifying = false;
  }

  #logSometimes(target: string, reason: DeadLetterReason): void {
    const nowMs = this.#clock.monotonic();
    if (this.#silent || nowMs - this.#loggedAtMs < LOG_PERIOD_MS) return;
    this.#log.warn("Dead letter", { target, reason, count: this.#total - this.#loggedTotal });
    this.#loggedAtMs = nowMs;
    this.#loggedTotal = this.#total;
  }
}

function isAnswer(target: string): boolean {
  return target.includes("/$ask/");
}
