/** Which addresses keep failing to join: not all who come from there are strangers, so it makes nobody's way longer but theirs. */

import { RateLimit } from "../../runtime/rate-limit.js";

/** Addresses that are remembered; one more and the oldest is forgotten. */
const ADDRESSES_MAX = 10_000;
/** How long an address counts as failing, in ms. */
const BLOCK_MS = 10_000;

/** How many attempts of one address may fail: per second, and at once. */
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

  /** Counts a failed attempt. */
  failed(address: string, nowMs: number): void {
    let known = this.#known.get(address);
    if (known === undefined) {
      if (this.#known.size >= ADDRESSES_MAX) this.#forgetOldest();
      known = { failures: new RateLimit(this.#limit, nowMs), blockedUntilMs: 0 };
      this.#known.set(address, known);
    }
    if (!known.failures.take(nowMs)) known.blockedUntilMs = nowMs + BLOCK_MS;
  }

  blocked(address: string, nowMs: number): boolean {
    return nowMs < (this.#known.get(address)?.blockedUntilMs ?? 0);
  }

  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
