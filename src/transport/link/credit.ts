/** How much data the receiver of a link still accepts, in bytes since the link began. */
export class Credit {
  #limit = 0;
  #used = 0;

  /** Whether another record may go; the last one may overdraw. */
  get available(): boolean {
    return this.#used < this.#limit;
  }

  /** The receiver accepts `limit` bytes in all. @returns false if it has granted as much before */
  grant(limit: number): boolean {
    if (limit <= this.#limit) return false;
    this.#limit = limit;
    return true;
  }

  spend(bytes: number): void {
    this.#used += bytes;
  }
}
