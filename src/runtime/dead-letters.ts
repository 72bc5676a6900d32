/** Messages that reached nobody: counted by reason, told to whoever listens, and logged at most once a second. */

import type { Clock } from "./clock.js";
import type { Logger } from "./log.js";

export type DeadLetterReason =
  /** Its mailbox was full and refused it. */
  | "mailbox-full"
  /** Its mailbox was full and dropped it, or an older message for it. */
  | "mailbox-dropped"
  /** The actor failed on it. */
  | "failed"
  /** The actor is gone, or never was. */
  | "stopped"
  /** It was meant for a state that has ended since: stashed in it, or the result of its work. */
  | "stale"
  /** No way leads to its node. */
  | "unreachable"
  /** It cannot cross nodes: it holds a function or a promise. */
  | "unencodable"
  /** The link to its node holds as much as it may. */
  | "link-full"
  /** Its node does not let this one tell it that. */
  | "refused";

export interface DeadLetter {
  readonly target: string;
  readonly message: unknown;
  readonly reason: DeadLetterReason;
}

export interface DeadLetters {
  readonly total: number;
  readonly countByReason: Readonly<Record<DeadLetterReason, number>>;
  /** Tells `listener` each dead letter from now on. What a listener itself sends in vain is counted only. */
  subscribe(listener: (letter: DeadLetter) => void): () => void;
}

const LOG_PERIOD_MS = 1_000;

export class DeadLetterBox implements DeadLetters {
  readonly countByReason: Record<DeadLetterReason, number>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();
  #total = 0;
  #telling = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #loggedTotal = 0;
  #silent = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    this.countByReason = {
      "mailbox-full": 0,
      "mailbox-dropped": 0,
      failed: 0,
      stopped: 0,
      stale: 0,
      unreachable: 0,
      unencodable: 0,
      "link-full": 0,
      refused: 0,
    };
  }

  get total(): number {
    return this.#total;
  }

  subscribe(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Counts and tells from now on, but logs no more: while a system ends, what its actors still say is no news. */
  silence(): void {
    this.#silent = true;
  }

  publish(target: string, message: unknown, reason: DeadLetterReason): void {
    this.#total += 1;
    this.countByReason[reason] += 1;
    this.#logSometimes(target, reason);
    if (this.#telling || this.#listeners.size === 0) return;
    this.#telling = true;
    for (const listener of this.#listeners) {
      try {
        listener({ target, message, reason });
      } catch (thrown) {
        // A listener is not the sender's business; the log is where its owner looks.
        this.#log.error("Dead letter listener threw", { error: String(thrown) });
      }
    }
    this.#telling = false;
  }

  #logSometimes(target: string, reason: DeadLetterReason): void {
    const nowMs = this.#clock.now();
    if (this.#silent || nowMs - this.#loggedAtMs < LOG_PERIOD_MS) return;
    this.#log.warn("Dead letter", { target, reason, count: this.#total - this.#loggedTotal });
    this.#loggedAtMs = nowMs;
    this.#loggedTotal = this.#total;
  }
}
