/** What was refused, dropped or failed: counted by kind and by peer, and logged at most once a second. */

import type { Clock } from "../../runtime/clock.js";
import type { Logger } from "../../runtime/log.js";

/** Kinds and names are few; what a peer makes up beyond them is counted under `other`. */
const KEYS_MAX = 1_024;
const LOG_PERIOD_MS = 1_000;

export class Incidents {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();
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
    this.#bump(kind);
    if (who !== undefined) this.#bump(`${kind}:${who}`);
    this.#unlogged += 1;
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#loggedAtMs < LOG_PERIOD_MS) return;
    this.#log.warn("Refused", { kind, who, detail, count: this.#unlogged });
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }

  report(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #bump(key: string): void {
    const known = this.#counts.has(key) || this.#counts.size < KEYS_MAX ? key : "other";
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }
}
