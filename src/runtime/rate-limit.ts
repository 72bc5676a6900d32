/** A token bucket: `burst` at once, and `perSecond` after that. */

/** One bucket; the caller passes the time, in ms. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor(limit: { readonly perSecond: number; readonly burst: number }, nowMs: number) {
    this.#perSecond = limit.perSecond;
    this.#burst = limit.burst;
    this.#left = limit.burst;
    this.#atMs = nowMs;
  }

  /** Takes one token. @returns false if there is none left */
  take(nowMs: number): boolean {
    // At every take: what was gained while there were tokens left is never more than the bucket holds.
    this.#left = Math.min(this.#burst, this.#left + ((nowMs - this.#atMs) / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
