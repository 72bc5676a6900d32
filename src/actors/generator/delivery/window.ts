/**
 * The tasks of one source that are under way: its ledger, and the bound on how many there may be at once.
 *
 * W1 created = stored + dropped + in flight.
 * W2 A task takes room from when it is to be sent until it is settled; one that waits or was dropped here takes none.
 */

import type { TaskId } from "../../../task/identity.js";
import { createLedger, mergeLedgers, record, type Ledger, type LedgerCounts } from "../../../task/ledger.js";
import type { Outcome } from "../../../task/task.js";

export interface WindowLimits {
  /** Tasks at once. */
  readonly tasks: number;
  /** Bytes of payload at once. A single task may be larger: it then has the window for itself. */
  readonly bytes: number;
}

/** A task within its source. */
export type TaskNumber = Pick<TaskId, "incarnation" | "sequence">;

/** `incarnation/sequence`: unique within a source. */
export function numberKey({ incarnation, sequence }: TaskNumber): string {
  return `${incarnation}/${sequence}`;
}

/** The account of one incarnation of a source. */
export interface IncarnationAccount {
  readonly incarnation: number;
  /** Tasks that it made, or that were recovered of it. */
  readonly created: number;
  /** Sequences of its tasks in flight. */
  readonly outstanding: readonly number[];
  /** Another node has had the source since: what was under way then has ended without a record. */
  readonly superseded?: true;
}

export class TaskWindow {
  readonly #limits: WindowLimits;
  readonly #incarnation: number;
  readonly #own: Ledger = createLedger();
  /** Of earlier incarnations, as far as their tasks were recovered. */
  readonly #recovered = new Map<number, Ledger>();
  /** Bytes of each task that takes room. */
  readonly #room = new Map<string, number>();
  #bytes = 0;

  constructor(limits: WindowLimits, incarnation: number) {
    this.#limits = limits;
    this.#incarnation = incarnation;
  }

  /** Tasks that may be under way at once. */
  get tasks(): number {
    return this.#limits.tasks;
  }

  get full(): boolean {
    return this.#room.size >= this.#limits.tasks || this.#bytes >= this.#limits.bytes;
  }

  get ledger(): LedgerCounts {
    return this.#recovered.size === 0 ? this.#own : mergeLedgers([this.#own, ...this.#recovered.values()]);
  }

  /** Of the tasks that this incarnation made. */
  get own(): LedgerCounts {
    return this.#own;
  }

  get accounts(): readonly IncarnationAccount[] {
    return [...this.#recovered, [this.#incarnation, this.#own] as const].map(
      ([incarnation, { created, outstanding, dropped }]) => ({
        incarnation,
        created,
        outstanding: [...outstanding],
        ...((dropped.superseded ?? 0) > 0 && { superseded: true as const }),
      }),
    );
  }

  /** Tasks in flight that take no room: they wait, or were dropped and their gap is not stored yet. */
  get aside(): number {
    return this.ledger.inFlight - this.#room.size;
  }

  /** The task exists from now on. @returns its sequence: they have no gaps */
  create(): number {
    const sequence = this.#own.created;
    record(this.#own, { type: "created", sequence });
    return sequence;
  }

  /** A task of an earlier incarnation is one of its own from now on. */
  recover({ incarnation, sequence }: TaskNumber): void {
    let ledger = this.#recovered.get(incarnation);
    if (ledger === undefined) this.#recovered.set(incarnation, (ledger = createLedger()));
    record(ledger, { type: "created", sequence });
  }

  takeRoom(task: TaskNumber, bytes: number): void {
    const key = numberKey(task);
    this.#bytes += bytes - (this.#room.get(key) ?? 0);
    this.#room.set(key, bytes);
  }

  /** @returns false where the task is settled already, or was never created */
  settle(task: TaskNumber, outcome: Outcome): boolean {
    const ledger = task.incarnation === this.#incarnation ? this.#own : this.#recovered.get(task.incarnation);
    if (ledger === undefined) return false;
    const key = numberKey(task);
    this.#bytes -= this.#room.get(key) ?? 0;
    this.#room.delete(key);
    const { sequence } = task;
    return record(
      ledger,
      outcome.status === "stored"
        ? { type: "stored", sequence }
        : { type: "dropped", sequence, reason: outcome.reason },
    );
  }
}
