/** The outages of a live source: while it gives nothing, that and why is known, and once it is over stored as a gap. */

import type { GivenUp } from "../../storage/journal/journal.js";

/** Survives a restart of the generator. */
export class Outage {
  #from: { readonly atMs: number; readonly monotonicMs: number; readonly reason: string } | null = null;

  /** It gives nothing, for this reason; only the first one counts until it is back. */
  begin(reason: string, nowMs: number, monotonicMs: number): void {
    this.#from ??= { atMs: nowMs, monotonicMs, reason };
  }

  /** It is back, or given up. @returns what is to be stored of it; null where it was not down */
  end(
    monotonicMs: number,
  ): { readonly fromMs: number; readonly lastedMs: number; readonly drop: GivenUp } | null {
    const from = this.#from;
    if (from === null) return null;
    this.#from = null;
    const lastedMs = Math.round(monotonicMs - from.monotonicMs);
    const [since, until] = [from.atMs, from.atMs + lastedMs].map((atMs) => new Date(atMs).toISOString());
    const detail = `from ${since} to ${until}: ${from.reason}`;
    return { fromMs: from.atMs, lastedMs, drop: { reason: "outage", detail } };
  }
}
