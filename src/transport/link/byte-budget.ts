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
 * BB4 All of it is a part of what other nodes may make this one hold, and of that each peer has its share.
 */

import { MemoryBudget, type MemoryShare } from "../../runtime/memory-budget.js";

/** Of what may go out, beyond it: for control messages of one record. */
const SMALL_SHARE = 1 / 16;

export class ByteBudget {
  readonly #outMax: number;
  readonly #inMax: number;
  readonly #memory: MemoryBudget;
  #out = 0;
  #in = 0;
  /** Those that hold unfinished messages, longest first. */
  readonly #receiving = new Set<Holding>();

  /** @param memory of the node. Default: there is none but this */
  constructor(bytes: number, memory: MemoryBudget = new MemoryBudget(Number.MAX_SAFE_INTEGER)) {
    this.#outMax = bytes / 2;
    this.#inMax = bytes / 2;
    this.#memory = memory;
  }

  /** Bytes that all links hold. */
  get usedBytes(): number {
    return this.#out + this.#in;
  }

  /** For a peer. @param onPutOut it has to go: its holding is closed already */
  open(peer: string, onPutOut: (reason: string) => void): Holding {
    return new Holding(this, this.#memory.share(peer), onPutOut);
  }

  /** Whether a peer that has `held` bytes waiting may have `bytes` more; counts them if so. */
  takeWaiting(share: MemoryShare, held: number, bytes: number): boolean {
    if (held + bytes > this.#outMax - (this.#out + bytes) || !share.take("outgoing", bytes)) return false;
    this.#out += bytes;
    return true;
  }

  /** Whether more than three quarters of what may wait is in use. */
  get crowded(): boolean {
    return this.#out > this.#outMax * 0.75;
  }

  mayControl(bytes: number, size: "small" | "large"): boolean {
    const beyond = this.#outMax * SMALL_SHARE;
    if (this.#out + bytes > this.#outMax + (size === "small" ? beyond : 0)) return false;
    // Those of one record have what other parts of the memory leave them, and what they have here beyond that.
    return this.#memory.fits("outgoing", size === "small" ? bytes - beyond : bytes);
  }

  /** Makes room for `bytes` more, by putting others out where nothing is left; counts them if there is. */
  takeArriving(asker: Holding, share: MemoryShare, held: number, bytes: number): boolean {
    if (held + bytes > this.#inMax / 2) return false;
    while (this.#in + bytes > this.#inMax || !this.#memory.fits("incoming", bytes)) {
      const longest = this.#longestBut(asker);
      if (longest === null) return false;
      longest.putOut("its unfinished messages took the place of others");
    }
    if (!share.take("incoming", bytes)) return false;
    this.#in += bytes;
    this.#receiving.add(asker);
    return true;
  }

  changeOut(share: MemoryShare, bytes: number): void {
    this.#out += bytes;
    share.change("outgoing", bytes);
  }

  /** @param held by `holding` afterwards */
  arrived(holding: Holding, share: MemoryShare, held: number, bytes: number): void {
    this.#in -= bytes;
    share.change("incoming", -bytes);
    if (held === 0) this.#receiving.delete(holding);
  }

  #longestBut(asker: Holding): Holding | null {
    for (const holding of this.#receiving) if (holding !== asker) return holding;
    return null;
  }
}

/** What one peer holds of a budget. */
export class Holding {
  readonly #budget: ByteBudget;
  readonly #share: MemoryShare;
  readonly #onPutOut: (reason: string) => void;
  #waiting = 0;
  #socket = 0;
  #arrived = 0;
  #closed = false;

  constructor(budget: ByteBudget, share: MemoryShare, onPutOut: (reason: string) => void) {
    this.#budget = budget;
    this.#share = share.keep();
    this.#onPutOut = onPutOut;
  }

  /** Whether memory for what waits is short. */
  get crowded(): boolean {
    return this.#budget.crowded;
  }

  /** A message is to wait for credit. @returns false if there is no room */
  wait(bytes: number): boolean {
    if (this.#closed || !this.#budget.takeWaiting(this.#share, this.#waiting, bytes)) return false;
    this.#waiting += bytes;
    return true;
  }

  /** A message waits no more. */
  waited(bytes: number): void {
    if (this.#closed) return;
    this.#waiting -= bytes;
    this.#budget.changeOut(this.#share, -bytes);
  }

  /**
   * The socket holds `held` bytes now.
   *
   * @param size whether `more` are of a control message of one record
   * @returns whether there is room for `more`
   */
  socketHolds(held: number, more: number, size: "small" | "large" = "large"): boolean {
    if (this.#closed) return false;
    this.#budget.changeOut(this.#share, held - this.#socket);
    this.#socket = held;
    return this.#budget.mayControl(more, size);
  }

  /** A part of a message that is not whole yet. @returns false if there is no room */
  receive(bytes: number): boolean {
    if (this.#closed || !this.#budget.takeArriving(this, this.#share, this.#arrived, bytes)) return false;
    this.#arrived += bytes;
    return true;
  }

  /** A message of which `bytes` were held is whole. */
  received(bytes: number): void {
    if (this.#closed) return;
    this.#arrived -= bytes;
    this.#budget.arrived(this, this.#share, this.#arrived, bytes);
  }

  putOut(reason: string): void {
    this.close();
    this.#onPutOut(reason);
  }

  /** Gives all of it back; nothing more is to be had. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#budget.changeOut(this.#share, -(this.#waiting + this.#socket));
    this.#budget.arrived(this, this.#share, 0, this.#arrived);
    this.#share.letGo();
  }
}
