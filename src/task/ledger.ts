/**
 * The ledger of a source's tasks: created = stored + dropped + in flight, always.
 *
 * The tasks in flight are kept one by one and not derived from the counts, so that the law can be broken and the break
 * be seen.
 */

import { assertNever } from "../runtime/errors.js";
import type { DropReason } from "./task.js";

/** How many tasks were dropped, by reason. */
export type Drops = Readonly<Partial<Record<DropReason, number>>>;

/** The figures of a ledger, of one source or of several. */
export interface LedgerCounts {
  readonly created: number;
  readonly stored: number;
  readonly dropped: Drops;
  readonly inFlight: number;
}

/** Of one incarnation of a source; belongs to one actor. */
export interface Ledger extends LedgerCounts {
  created: number;
  stored: number;
  dropped: Drops;
  /** Sequences of the tasks created and neither stored nor dropped. */
  readonly outstanding: Set<number>;
  /** Settlements of tasks that were not outstanding: repeated deliveries, without effect. */
  repeated: number;
}

export type LedgerEvent =
  | { readonly type: "created"; readonly sequence: number }
  | { readonly type: "stored"; readonly sequence: number }
  | { readonly type: "dropped"; readonly sequence: number; readonly reason: DropReason };

export function createLedger(): Ledger {
  const outstanding = new Set<number>();
  return {
    created: 0,
    stored: 0,
    dropped: {},
    outstanding,
    repeated: 0,
    get inFlight() {
      return outstanding.size;
    },
  };
}

/**
 * Enters an event; the first end of a task counts, and any other is `repeated`.
 *
 * @returns whether it changed the figures
 * @throws RangeError where a task is created that is outstanding already
 */
export function record(ledger: Ledger, event: LedgerEvent): boolean {
  const { sequence } = event;
  if (event.type === "created") {
    if (ledger.outstanding.has(sequence)) throw new RangeError(`Task ${sequence} is created twice`);
    ledger.outstanding.add(sequence);
    ledger.created += 1;
    return true;
  }
  if (!ledger.outstanding.delete(sequence)) {
    ledger.repeated += 1;
    return false;
  }
  switch (event.type) {
    case "stored":
      ledger.stored += 1;
      return true;
    case "dropped":
      ledger.dropped = addDrops(ledger.dropped, { [event.reason]: 1 });
      return true;
    default:
      return assertNever(event);
  }
}

/** The sum of two counts of drops. */
export function addDrops(a: Drops, b: Drops): Drops {
  const sum: Partial<Record<DropReason, number>> = { ...a };
  for (const reason of reasonsOf(b)) sum[reason] = (sum[reason] ?? 0) + (b[reason] ?? 0);
  return sum;
}

/** Tasks dropped, for whatever reason. */
export function countDrops(drops: Drops): number {
  return reasonsOf(drops).reduce((sum, reason) => sum + (drops[reason] ?? 0), 0);
}

/** The figures of several ledgers in one. */
export function mergeLedgers(ledgers: Iterable<LedgerCounts>): LedgerCounts {
  let merged: LedgerCounts = { created: 0, stored: 0, dropped: {}, inFlight: 0 };
  for (const { created, stored, dropped, inFlight } of ledgers) {
    merged = {
      created: merged.created + created,
      stored: merged.stored + stored,
      dropped: addDrops(merged.dropped, dropped),
      inFlight: merged.inFlight + inFlight,
    };
  }
  return merged;
}

/** How the figures break the law of conservation, in one line; null where they do not. */
export function checkConservation({ created, stored, dropped, inFlight }: LedgerCounts): string | null {
  const drops = countDrops(dropped);
  const counted = stored + drops + inFlight;
  if (created === counted) return null;
  const difference =
    created > counted ? `${created - counted} are lost` : `${counted - created} are counted twice`;
  return `Of ${created} tasks created ${stored} are stored, ${drops} dropped and ${inFlight} in flight: ${difference}`;
}

/** That every task was dropped, and why, in one line; null where one was stored, is in flight, or there was none. */
export function describeTotalLoss({ created, stored, dropped, inFlight }: LedgerCounts): string | null {
  if (created === 0 || stored > 0 || inFlight > 0) return null;
  const why = reasonsOf(dropped).map((reason) => `${reason} ${dropped[reason] ?? 0}`);
  return `None of ${created} tasks was stored: all were dropped (${why.join(", ")})`;
}

/** Reasons for which no queue, deadline or operator asked: something is wrong. */
const FAILURES: ReadonlySet<DropReason> = new Set([
  "joinTimeout",
  "noRoute",
  "poison",
  "serviceFailed",
  "sourceLost",
]);

/** How many tasks were dropped as something failed, and why, in one line; null where none was. */
export function describeFailures({ created, dropped }: LedgerCounts): string | null {
  const failed = reasonsOf(dropped).filter((reason) => FAILURES.has(reason));
  if (failed.length === 0) return null;
  const count = failed.reduce((sum, reason) => sum + (dropped[reason] ?? 0), 0);
  const why = failed.map((reason) => `${reason} ${dropped[reason] ?? 0}`);
  return `${count} of ${created} tasks failed and were dropped (${why.join(", ")})`;
}

function reasonsOf(drops: Drops): readonly DropReason[] {
  return Object.keys(drops) as DropReason[]; // keys of a record of reasons
}
