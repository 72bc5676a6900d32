/** What was refused, dropped or failed: counted by kind and by peer, and logged at most once a second. */

import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";

/** Names and addresses that are told apart; peers make up any number of them, and those beyond are counted under `other`. */
const KEYS_MAX = 1_024;
const LOG_PERIOD_MS = 1_000;

export class Incidents {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Kinds are few, and of this program: each is counted, whatever peers are called. */
  readonly #kinds = new Map<string, number>();
  readonly #peers = new Map<string, number>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * @param kind one of few, e.g. `token-invalid`
   * @param who the member or address, if known
   */
  add(kind: string, who?: string, detail?: string): void {
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (who !== undefined) this.#bump(`${kind}:${who}`);
    this.#unlogged += 1;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#loggedAtMs < LOG_PERIOD_MS) return;
    this.#log.warn("Refused", { kind, who, detail, count: this.#unlogged });
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }

  report(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#kinds, ...this.#peers]);
  }

  #bump(key: string): void {
    const known = this.#peers.has(key) || this.#peers.size < KEYS_MAX ? key : "other";
    this.#peers.set(known, (this.#peers.get(known) ?? 0) + 1);
  }
}
