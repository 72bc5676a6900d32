/** When a task is delivered again: how long an answer is waited for, and how many redeliveries there may be. */

import { RateLimit } from "../../../runtime/rate-limit.js";
import type { Unsettled } from "./unsettled.js";

/** How often, and how late, a task is delivered again. */
export interface DeliveryLimits {
  /** Time without an answer until a task is delivered again, in ms; at least four times what tasks take. Default 30,000. */
  readonly timeoutMs: number;
  /** It doubles with each delivery up to this. Default 240,000. */
  readonly timeoutMsMax: number;
  /** Deliveries of a task by one incarnation of its source, before it is dropped as `expired`. Default 16. */
  readonly deliveriesMax: number;
  /** For a node that left to have settled what it had, in ms. Default 2,000. */
  readonly leftGraceMs: number;
  /** Redeliveries of a source: a second, and at once. Default 100 and 256. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

export const DEFAULT_DELIVERY: DeliveryLimits = {
  timeoutMs: 30_000,
  timeoutMsMax: 240_000,
  deliveriesMax: 16,
  leftGraceMs: 2_000,
  rate: { perSecond: 100, burst: 256 },
};

/** Weight of the newest task in the mean time that tasks take. */
const SETTLE_WEIGHT = 0.125;
/** Until a task is delivered again that reached nobody, in ms; it doubles with each delivery. */
const UNDELIVERED_MS = 250;

export class Redelivery {
  readonly #limits: DeliveryLimits;
  #rate: RateLimit | null = null;
  /** Mean time from the only delivery of a task until it is stored. */
  #settleMs = 0;
  #sentDueAtMs = Infinity;

  constructor(limits: DeliveryLimits) {
    this.#limits = limits;
  }

  /** From the first start on, redeliveries count against their rate. */
  start(nowMs: number): void {
    this.#rateFrom(nowMs);
  }

  /** The task is delivered now, once more. */
  sent(unsettled: Unsettled, nowMs: number): void {
    const { timeoutMs, timeoutMsMax } = this.#limits;
    const typicalMs = 4 * this.#settleMs;
    unsettled.deliveries += 1;
    unsettled.sentAtMs = nowMs;
    const patienceMs = Math.max(timeoutMs, typicalMs) * 2 ** (unsettled.deliveries - 1);
    unsettled.dueAtMs = nowMs + Math.min(patienceMs, Math.max(timeoutMsMax, typicalMs));
    this.#sentDueAtMs = Math.min(this.#sentDueAtMs, unsettled.dueAtMs);
  }

  stored({ deliveries, sentAtMs }: Unsettled, nowMs: number): void {
    // Which delivery of several was answered cannot be known.
    if (deliveries === 1) this.#settleMs += (nowMs - sentAtMs - this.#settleMs) * SETTLE_WEIGHT;
  }

  /** The task may have been on a node that is gone; one that left by itself had the time to settle what it had. */
  lost(unsettled: Unsettled, left: boolean, nowMs: number): void {
    expedite(unsettled, nowMs + (left ? this.#limits.leftGraceMs : 0));
  }

  undelivered(unsettled: Unsettled, nowMs: number): void {
    const waitMs = Math.min(UNDELIVERED_MS * 2 ** unsettled.deliveries, this.#limits.timeoutMs);
    expedite(unsettled, nowMs + waitMs);
  }

  /** Takes one redelivery off the rate. @returns false where it is one too many */
  take(nowMs: number): boolean {
    return this.#rateFrom(nowMs).take(nowMs);
  }

  /** It has been delivered as often as it may be. */
  exhausted({ deliveries, drop }: Unsettled): boolean {
    return deliveries >= this.#limits.deliveriesMax && drop === null;
  }

  /** When the first of these is to be delivered again; null where none is out. */
  dueAtMs(tasks: Iterable<Unsettled>, nowMs: number): number | null {
    let first: number | null = null;
    for (const { status, dueAtMs } of tasks) {
      if (status === "sent" && (first === null || dueAtMs < first)) first = dueAtMs;
    }
    // Due and still here: the rate is used up.
    return first !== null && first <= nowMs ? nowMs + 1_000 / this.#limits.rate.perSecond : first;
  }

  /** When the first of the tasks that left since this was asked last is to leave again; Infinity where none left. */
  takeSentDueAtMs(): number {
    const first = this.#sentDueAtMs;
    this.#sentDueAtMs = Infinity;
    return first;
  }

  #rateFrom(nowMs: number): RateLimit {
    return (this.#rate ??= new RateLimit(this.#limits.rate, nowMs));
  }
}

function expedite(unsettled: Unsettled, atMs: number): void {
  unsettled.dueAtMs = Math.min(unsettled.dueAtMs, atMs);
}
