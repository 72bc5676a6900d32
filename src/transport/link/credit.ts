/**
 * How much data may still go out over a link, in bytes since it began: what its receiver accepts, and what its socket takes.
 *
 * CR1 A receiver's word is not all: one that grants what it likes and reads nothing gets no more than its socket holds.
 */
export class Credit {
  #limit = 0;
  #used = 0;
  #socketLimit: number;

  /** @param socketBytes that the socket may hold */
  constructor(socketBytes: number) {
    this.#socketLimit = socketBytes;
  }

  /** Whether another record may go; the last one may overdraw. */
  get available(): boolean {
    return this.#used < this.#limit && this.#used < this.#socketLimit;
  }

  /** The receiver accepts `limit` bytes in all. @returns false if it has granted as much before, or said no number */
  grant(limit: number): boolean {
    if (!(limit > this.#limit)) return false;
    this.#limit = limit;
    return true;
  }

  /** The socket has room for `bytes` more. */
  room(bytes: number): void {
    this.#socketLimit = this.#used + bytes;
  }

  spend(bytes: number): void {
    this.#used += bytes;
  }
}
