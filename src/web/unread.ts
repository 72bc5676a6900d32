/** What one reader was sent and has not taken, as a part of what others may make the hub hold. */

import type { MemoryBudget, MemoryShare } from "../runtime/memory-budget.js";

export class Unread {
  readonly #share: MemoryShare;
  #held = 0;
  #closed = false;

  /** @param reader No name of a node begins with `/`: so these are nobody else's shares. */
  constructor(memory: MemoryBudget, reader: string) {
    this.#share = memory.share(`/${reader}`).keep();
  }

  /**
   * It has not taken `held` bytes of what it was sent, and is to be sent `more`.
   *
   * @returns false where there is no memory for them, or no more for this reader
   */
  take(held: number, more: number): boolean {
    if (this.#closed) return false;
    this.#share.change("pages", held - this.#held);
    this.#held = held;
    if (!this.#share.take("pages", more)) return false;
    this.#held += more;
    return true;
  }

  /** It is gone, or has taken all of it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#share.change("pages", -this.#held);
    this.#share.letGo();
  }
}
