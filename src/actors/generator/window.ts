/**
 * The tasks of one source that are under way: its ledger, and the bound on how many there may be at once.
 *
 * W1 created = stored + dropped + in flight.
 * W2 A task takes room from when it is sent until it is settled; one that waits or was dropped here takes none.
 */

import { createLedger, record, type LedgerCounts } from "../task/ledger.js";
import type { Outcome } from "../task/task.js";

export interface WindowLimits {
  /** Tasks at once. */
  readonly tasks: number;
  /** Bytes of payload at once. A single task may be larger: it then has the window for itself. */
  readonly bytes: number;
}

export class TaskWindow {
  readonly #limits: WindowLimits;
  readonly #ledger = createLedger();
  /** Bytes of each task that takes room, by sequence. */
  readonly #sent = new Map<number, number>();
  #bytes = 0;

  constructor(limits: WindowLimits) {
    this.#limits = limits;
  }

  get full(): boolean {
    return this.#sent.size >= this.#limits.tasks || this.#bytes >= this.#limits.bytes;
  }

  get ledger(): LedgerCounts {
    return this.#ledger;
  }

  /** Tasks in flight that take no room: they wait, or were dropped and their gap is not stored yet. */
  get aside(): number {
    return this.#ledger.inFlight - this.#sent.size;
  }

  /** The task exists from now on. @returns its sequence: they have no gaps */
  create(): number {
    const sequence = this.#ledger.created;
    record(this.#ledger, { type: "created", sequence });
    return sequence;
  }

  send(sequence: number, bytes: number): void {
    this.#sent.set(sequence, bytes);
    this.#bytes += bytes;
  }

  /** @returns false where the task is settled already, or was never created */
  settle(sequence: number, outcome: Outcome): boolean {
    this.#bytes -= this.#sent.get(sequence) ?? 0;
    this.#sent.delete(sequence);
    return record(
      this.#ledger,
      outcome.status === "stored"
        ? { type: "stored", sequence }
        : { type: "dropped", sequence, reason: outcome.reason },
    );
  }
}
