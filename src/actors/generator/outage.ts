/**
 * The times in which a live source gives nothing: it is lost, or paused by an operator or its policy. While that lasts, since when and why is
 * known, and once it is over it is stored as a gap.
 */

import type { GivenUp } from "../../storage/journal/journal.js";
import type { OutageTimes } from "../../task/task.js";

/** Why it gives nothing: it cannot, or is not to. */
export type Absence = Extract<GivenUp["reason"], "hostGone" | "outage" | "paused">;

interface Begun {
  readonly kind: Absence;
  readonly atMs: number;
  /** Null where it began with an earlier process. */
  readonly monotonicMs: number | null;
  readonly reason: string;
}

/** Survives a restart of the generator. */
export class Outage {
  #from: Begun | null;

  /**
   * @param lastTaskAtMs of the incarnation before this one, which its node took along; null where none did
   * @param hostGone why another node captured that one; null where this one did
   */
  constructor(lastTaskAtMs: number | null, hostGone: string | null = null) {
    const reason = hostGone ?? "its node was down, or it gave nothing before that";
    const kind = hostGone === null ? "outage" : "hostGone";
    this.#from = lastTaskAtMs === null ? null : { kind, atMs: lastTaskAtMs, monotonicMs: null, reason };
  }

  /** What lasts now, and since when; null where it gives frames. */
  get lasting(): Pick<Begun, "kind" | "atMs"> | null {
    return this.#from;
  }

  /** It gives nothing, for this reason; only the first one counts until it is back. */
  begin(kind: Absence, reason: string, at: { readonly nowMs: number; readonly monotonicMs: number }): void {
    this.#from ??= { kind, atMs: at.nowMs, monotonicMs: at.monotonicMs, reason };
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
    const { kind, atMs: fromMs, reason } = from;
    const toMs = fromMs + Math.max(0, Math.round(lastedMs));
    const [since, until] = [fromMs, toMs].map((atMs) => new Date(atMs).toISOString());
    return {
      reason: kind,
      detail: `from ${since} to ${until}: ${reason}`,
      outage: { fromMs, toMs, reason, ended },
    };
  }
}
