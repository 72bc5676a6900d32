/** Where a sink sends records to. */

import type { StoredRecord } from "../task/record.js";

/** One contract suite holds for every implementation. */
export interface Outlet {
  /**
   * Resolves once all of them are taken for good; they are in order of position. After a rejection any of them may have been taken:
   * the same ones come again. The next call begins only after this one has ended.
   *
   * @throws DeliveryError where it knows more than that it failed
   */
  deliver(records: readonly StoredRecord[]): Promise<void>;
  /** Lets go of what it holds. Idempotent. */
  close(): Promise<void>;
}

/** Why records were not taken. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** The receiver will never take them. */
  readonly isFinal: boolean;
  /** For how long the receiver wants to be left alone, in ms; null where it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    {
      isFinal = false,
      retryAfterMs = null,
      cause,
    }: { isFinal?: boolean; retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.isFinal = isFinal;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Keeps its word that calls do not overlap, whatever a restart of the sink has left under way. */
export function inTurn(outlet: Outlet): Outlet {
  let last: Promise<unknown> = Promise.resolve();
  return {
    deliver(records) {
      const next = last.then(() => outlet.deliver(records));
      last = next.catch(() => {});
      return next;
    },
    // Also while a delivery is under way, which fails by it.
    close: () => outlet.close(),
  };
}
