/** The outages of a live source: while it gives nothing, that and why is known, and once it is over stored as a gap. */

import type { GivenUp } from "../../storage/journal/journal.js";
import type { OutageTimes } from "../../task/task.js";

interface Begun {
  readonly atMs: number;
  /** Null where it began with an earlier process. */
  readonly monotonicMs: number | null;
  readonly reason: string;
}

/** Survives a restart of the generator. */
export class Outage {
  #from: Begun | null;

  /** @param lastTaskAtMs of the incarnation before this one, which its node took along; null where none did */
  constructor(lastTaskAtMs: number | null) {
    this.#from =
      lastTaskAtMs === null
        ? null
        : {
            atMs: lastTaskAtMs,
            monotonicMs: null,
            reason: "its node was down, or it gave nothing before that",
          };
  }

  /** It gives nothing, for this reason; only the first one counts until it is back. */
  begin(reason: string, nowMs: number, monotonicMs: number): void {
    this.#from ??= { atMs: nowMs, monotonicMs, reason };
  }

  /** It was none: what the source did not give meanwhile it gives now. */
  forget(): void {
    this.#from = null;
  }

  /**
   * It is over.
   *
   * @param ended frames come again; false where the source is ended meanwhile
   * @returns what is to be stored of it; null where it was not down
   */
  end(
    { nowMs, monotonicMs }: { readonly nowMs: number; readonly monotonicMs: number },
    ended: boolean,
  ): (GivenUp & { readonly outage: OutageTimes }) | null {
    const from = this.#from;
    if (from === null) return null;
    this.#from = null;
    const lastedMs = from.monotonicMs === null ? nowMs - from.atMs : monotonicMs - from.monotonicMs;
    const { atMs: fromMs, reason } = from;
    const toMs = fromMs + Math.max(0, Math.round(lastedMs));
    const [since, until] = [fromMs, toMs].map((atMs) => new Date(atMs).toISOString());
    return {
      reason: "outage",
      detail: `from ${since} to ${until}: ${reason}`,
      outage: { fromMs, toMs, reason, ended },
    };
  }
}
