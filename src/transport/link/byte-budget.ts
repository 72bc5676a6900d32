/**
 * The memory that all links of a node may hold together, and the share of each peer: half of it for what goes out, half for
 * what comes in, so that neither keeps the other from its work.
 *
 * BB1 Counted are messages that wait to be sent, bytes that sockets have not taken, and what has come of unfinished messages.
 * BB2 A peer may have as much waiting for it as is left for all others: where one takes what it can, half is left, where two
 *     do, a third (dynamic thresholds; Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998). Control
 *     messages may take what is left, and those of one record a sixteenth of the half more: no large one keeps them out.
 *     Where most is in use, those that take too little of what waits for them are put out.
 * BB3 A peer that holds more than half of what may come in is put out. Where nothing is left, the one is put out that has
 *     held unfinished messages for longest: an honest one ends them soon.
 */

/** Of what may go out, beyond it: for control messages of one record. */
const SMALL_SHARE = 1 / 16;

export class ByteBudget {
  readonly #outMax: number;
  readonly #inMax: number;
  #out = 0;
  #in = 0;
  /** Those that hold unfinished messages, longest first. */
  readonly #receiving = new Set<Holding>();

  constructor(bytes: number) {
    this.#outMax = bytes / 2;
    this.#inMax = bytes / 2;
  }

  /** Bytes that all links hold. */
  get usedBytes(): number {
    return this.#out + this.#in;
  }

  /** For a peer. @param onPutOut it has to go: its holding is closed already */
  open(onPutOut: (reason: string) => void): Holding {
    return new Holding(this, onPutOut);
  }

  /** Whether a peer that has `held` bytes waiting may have `bytes` more. */
  mayWait(held: number, bytes: number): boolean {
    return held + bytes <= this.#outMax - (this.#out + bytes);
  }

  /** Whether more than three quarters of what may wait is in use. */
  get crowded(): boolean {
    return this.#out > this.#outMax * 0.75;
  }

  mayControl(bytes: number, size: "small" | "large"): boolean {
    return this.#out + bytes <= this.#outMax * (size === "small" ? 1 + SMALL_SHARE : 1);
  }

  /** @param held by `asker` before */
  mayReceive(asker: Holding, held: number, bytes: number): boolean {
    if (held + bytes > this.#inMax / 2) return false;
    while (this.#in + bytes > this.#inMax) {
      const longest = this.#longestBut(asker);
      if (longest === null) return false;
      longest.putOut("its unfinished messages took the place of others");
    }
    return true;
  }

  changeOut(bytes: number): void {
    this.#out += bytes;
  }

  /** @param held by `holding` afterwards */
  changeIn(holding: Holding, held: number, bytes: number): void {
    this.#in += bytes;
    if (held > 0) this.#receiving.add(holding);
    else this.#receiving.delete(holding);
  }

  #longestBut(asker: Holding): Holding | null {
    for (const holding of this.#receiving) if (holding !== asker) return holding;
    return null;
  }
}

/** What one peer holds of a budget. */
export class Holding {
  readonly #budget: ByteBudget;
  readonly #onPutOut: (reason: string) => void;
  #waiting = 0;
  #socket = 0;
  #arrived = 0;
  #closed = false;

  constructor(budget: ByteBudget, onPutOut: (reason: string) => void) {
    this.#budget = budget;
    this.#onPutOut = onPutOut;
  }

  /** Whether memory for what waits is short. */
  get crowded(): boolean {
    return this.#budget.crowded;
  }

  /** A message is to wait for credit. @returns false if there is no room */
  wait(bytes: number): boolean {
    if (this.#closed || !this.#budget.mayWait(this.#waiting, bytes)) return false;
    this.#waiting += bytes;
    this.#budget.changeOut(bytes);
    return true;
  }

  /** A message waits no more. */
  waited(bytes: number): void {
    if (this.#closed) return;
    this.#waiting -= bytes;
    this.#budget.changeOut(-bytes);
  }

  /**
   * The socket holds `held` bytes now.
   *
   * @param size whether `more` are of a control message of one record
   * @returns whether there is room for `more`
   */
  socketHolds(held: number, more: number, size: "small" | "large" = "large"): boolean {
    if (this.#closed) return false;
    this.#budget.changeOut(held - this.#socket);
    this.#socket = held;
    return this.#budget.mayControl(more, size);
  }

  /** A part of a message that is not whole yet. @returns false if there is no room */
  receive(bytes: number): boolean {
    if (this.#closed || !this.#budget.mayReceive(this, this.#arrived, bytes)) return false;
    this.#arrived += bytes;
    this.#budget.changeIn(this, this.#arrived, bytes);
    return true;
  }

  /** A message of which `bytes` were held is whole. */
  received(bytes: number): void {
    if (this.#closed) return;
    this.#arrived -= bytes;
    this.#budget.changeIn(this, this.#arrived, -bytes);
  }

  putOut(reason: string): void {
    this.close();
    this.#onPutOut(reason);
  }

  /** Gives all of it back; nothing more is to be had. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.changeOut(-(this.#waiting + this.#socket));
    this.#budget.changeIn(this, 0, -this.#arrived);
  }
}
