/**
 * How often stages may move. A move costs loads, caches and the order of what is under way, and policies that each move for a good reason
 * can together keep a cluster in motion.
 *
 * CB1 So many changes of placement a minute, of one source and of all together; what was not spent lasts for a minute.
 * CB2 What has no choice is free: a first plan, one whose node is gone, and the first one after an operator's word.
 */

import type { SourceId } from "../task/identity.js";

/** Changes of placement a minute. */
export interface MoveLimits {
  /** Default 6. */
  readonly perSource: number;
  /** Default 120. */
  readonly inAll: number;
}

export const MOVE_LIMITS: MoveLimits = { perSource: 6, inAll: 120 };

const MINUTE_MS = 60_000;
/** What is refilled bit by bit adds up to a little less. */
const ONE = 1 - 1e-6;

interface Purse {
  left: number;
  atMs: number;
}

export class MoveBudget {
  readonly #limits: MoveLimits;
  readonly #all: Purse;
  readonly #bySource = new Map<SourceId, Purse>();
  /** Changes that had to wait. */
  refused = 0;

  /** @throws RangeError of a limit that is no number above 0 */
  constructor(limits: Partial<MoveLimits> = {}, nowMs = 0) {
    this.#limits = { ...MOVE_LIMITS, ...limits };
    for (const [name, value] of Object.entries(this.#limits))
      if (!(value > 0)) throw new RangeError(`"${name}" must be a number above 0: got ${value}`);
    this.#all = { left: Math.max(1, this.#limits.inAll), atMs: nowMs };
  }

  /** Spends one change of a source. @returns null, or, where nothing is left, what is said of it */
  take(source: SourceId, nowMs: number): string | null {
    const { perSource, inAll } = this.#limits;
    const own = this.#bySource.get(source) ?? { left: Math.max(1, perSource), atMs: nowMs };
    this.#bySource.set(source, own);
    refill(own, perSource, nowMs);
    refill(this.#all, inAll, nowMs);
    const spent = own.left < ONE ? `its ${perSource}` : this.#all.left < ONE ? `all ${inAll}` : null;
    if (spent !== null) {
      this.refused += 1;
      return `${spent} changes of placement a minute are spent`;
    }
    own.left -= 1;
    this.#all.left -= 1;
    return null;
  }

  forget(source: SourceId): void {
    this.#bySource.delete(source);
  }
}

function refill(purse: Purse, perMinute: number, nowMs: number): void {
  // At least one, so that a budget of less than one a minute can ever be spent.
  const most = Math.max(1, perMinute);
  purse.left = Math.min(most, purse.left + (perMinute * Math.max(0, nowMs - purse.atMs)) / MINUTE_MS);
  purse.atMs = Math.max(purse.atMs, nowMs);
}
