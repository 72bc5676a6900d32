/**
 * The memory that other nodes can make this one hold: one bound in bytes for the process, whatever holds it.
 *
 * MB1 What all parts hold that asked is never more than the bound. Each part has some of it that no other one takes, so that tasks
 *     that wait keep nothing from being sent, and what is to be sent keeps nothing from coming in.
 * MB2 A node has no more in all parts together than is left for all others: one alone takes half, two a third each, and whoever
 *     comes next finds a place (dynamic thresholds; Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998).
 * MB3 Each refusal is counted, by the part that asked.
 */

import { totalmem } from "node:os";

/** Of the bound, what each part always has for itself. */
const RESERVED = {
  /** What has come of messages that are not whole yet. */
  incoming: 1 / 8,
  /** What waits to be sent, and what sockets have not taken. */
  outgoing: 1 / 8,
  /** Messages of other nodes in the mailboxes of actors. */
  mail: 1 / 16,
  /** Tasks of other nodes that wait at stages, at joins or for a table, and what stateful stages remember of them. */
  tasks: 1 / 16,
  /** Records that wait for the store. */
  records: 1 / 16,
  /** What browsers and other programs were sent over HTTP and have not taken. */
  pages: 1 / 32,
} as const;

export type MemoryPart = keyof typeof RESERVED;

// The keys of the table above.
const MEMORY_PARTS = Object.keys(RESERVED) as readonly MemoryPart[];

const MIB = 1024 * 1024;
const BYTES_MIN = 256 * MIB;
const BYTES_MAX = 384 * MIB;

/**
 * A quarter of the memory of this machine, or of what it gives to this process, but no more than 384 MiB, beside which a hub at rest
 * stays below 600 MiB; and no less than 256 MiB, which lets the largest message through wherever it is.
 */
function defaultBytes(): number {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.max(BYTES_MIN, Math.min(BYTES_MAX, Math.floor(memory / 4)));
}

interface Held {
  readonly reserved: number;
  used: number;
  refused: number;
}

export class MemoryBudget {
  readonly bytesMax: number;
  readonly #parts: Readonly<Record<MemoryPart, Held>>;
  readonly #shares = new Map<string, MemoryShare>();
  #used = 0;
  /** What the parts hold, or have for themselves where they hold less. */
  #committed = 0;

  /** @param bytesMax Default: by the memory of this machine */
  constructor(bytesMax: number = defaultBytes()) {
    this.bytesMax = bytesMax;
    const part = (name: MemoryPart): Held => {
      const reserved = Math.floor(bytesMax * RESERVED[name]);
      this.#committed += reserved;
      return { reserved, used: 0, refused: 0 };
    };
    this.#parts = {
      incoming: part("incoming"),
      outgoing: part("outgoing"),
      mail: part("mail"),
      tasks: part("tasks"),
      records: part("records"),
      pages: part("pages"),
    };
  }

  get parts(): readonly MemoryPart[] {
    return MEMORY_PARTS;
  }

  /** Bytes that all parts hold. */
  get usedBytes(): number {
    return this.#used;
  }

  usedBy(part: MemoryPart): number {
    return this.#parts[part].used;
  }

  /** How often a part was refused. */
  refusedTo(part: MemoryPart): number {
    return this.#parts[part].refused;
  }

  /** What a node may have; the same one for as long as it has anything, or somebody keeps it. */
  share(owner: string): MemoryShare {
    let share = this.#shares.get(owner);
    if (share === undefined) this.#shares.set(owner, (share = new MemoryShare(this, owner)));
    return share;
  }

  /** Whether a part may have `bytes` more, of whomever. */
  fits(part: MemoryPart, bytes: number): boolean {
    const { used, reserved } = this.#parts[part];
    return this.#committed - Math.max(used, reserved) + Math.max(used + bytes, reserved) <= this.bytesMax;
  }

  /** For its shares. @param bytes below 0 to give back */
  change(part: MemoryPart, bytes: number): void {
    const held = this.#parts[part];
    const before = held.used;
    held.used += bytes;
    this.#used += bytes;
    this.#committed += Math.max(held.used, held.reserved) - Math.max(before, held.reserved);
  }

  /** For its shares. */
  refuse(part: MemoryPart): void {
    this.#parts[part].refused += 1;
  }

  /** For its shares: nobody has anything by this name any more. */
  forget(owner: string): void {
    this.#shares.delete(owner);
  }
}

/** What one node has of the memory, in all parts. */
export class MemoryShare {
  readonly owner: string;
  readonly #budget: MemoryBudget;
  #used = 0;
  #keepers = 0;

  constructor(budget: MemoryBudget, owner: string) {
    this.#budget = budget;
    this.owner = owner;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** @returns false, and counts it, where there is no room, or no more for this node */
  take(part: MemoryPart, bytes: number): boolean {
    const budget = this.#budget;
    if (this.#used >= budget.bytesMax - budget.usedBytes || !budget.fits(part, bytes)) {
      budget.refuse(part);
      this.#forgetUnused();
      return false;
    }
    this.change(part, bytes);
    return true;
  }

  give(part: MemoryPart, bytes: number): void {
    this.change(part, -bytes);
    this.#forgetUnused();
  }

  /** What is held already, whether or not there is room: the next one that asks is refused instead. */
  change(part: MemoryPart, bytes: number): void {
    this.#used += bytes;
    this.#budget.change(part, bytes);
  }

  /** It is kept until as many have let go of it. */
  keep(): this {
    this.#keepers += 1;
    return this;
  }

  letGo(): void {
    this.#keepers -= 1;
    this.#forgetUnused();
  }

  #forgetUnused(): void {
    if (this.#used === 0 && this.#keepers === 0) this.#budget.forget(this.owner);
  }
}
