/** Which addresses are not listened to for a while, because their attempts to join fail again and again. */

import { RateLimit } from "../../runtime/rate-limit.js";

/** Addresses that are remembered; one more makes all forgotten. */
const ADDRESSES_MAX = 10_000;
/** For how long an address is not listened to. */
const BLOCK_MS = 10_000;

/** Attempts of one address that may fail: a second, and at once. */
export interface FailureLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export class FailingAddresses {
  readonly #limit: FailureLimit;
  readonly #known = new Map<string, { readonly failures: RateLimit; blockedUntilMs: number }>();

  constructor(limit: FailureLimit) {
    this.#limit = limit;
  }

  /** Counts an attempt that came to nothing. */
  failed(address: string, nowMs: number): void {
    let known = this.#known.get(address);
    if (known === undefined) {
      if (this.#known.size >= ADDRESSES_MAX) this.#known.clear();
      known = { failures: new RateLimit(this.#limit, nowMs), blockedUntilMs: 0 };
      this.#known.set(address, known);
    }
    if (!known.failures.take(nowMs)) known.blockedUntilMs = nowMs + BLOCK_MS;
  }

  blocked(address: string, nowMs: number): boolean {
    return nowMs < (this.#known.get(address)?.blockedUntilMs ?? 0);
  }
}
