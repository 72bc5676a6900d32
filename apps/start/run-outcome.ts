/** How the sources of a run end, gathered until all have. */

import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SourceId } from "../../src/task/identity.js";
import { describeTotalLoss } from "../../src/task/ledger.js";
import type { LedgerReported } from "../../src/task/reports.js";

/** Sums over the sources of a run. */
export type RunTotals = Pick<LedgerReported, "created" | "inFlight" | "framesSkipped"> & {
  readonly framesGated: number;
};

export class RunOutcome {
  /** Resolves once every source has ended, the cluster has failed, or the run was given up. */
  readonly over: Promise<void>;
  readonly #problems = new Set<string>();
  /** Of sources of which nothing was stored. */
  readonly #losses = new Set<string>();
  readonly #ended = new Map<SourceId, LedgerReported>();
  readonly #sources: number;
  #finish: () => void = () => {};

  /** @param sources how many there are */
  constructor(sources: number) {
    this.#sources = sources;
    this.over = new Promise((resolve) => (this.#finish = resolve));
  }

  /** What went wrong, each problem once. */
  get problems(): readonly string[] {
    // That nothing was stored says no more where it is known why.
    return [...(this.#problems.size > 0 ? this.#problems : this.#losses)];
  }

  add(event: NodeEvent): void {
    if (event.type === "stageFailed") this.#problems.add(event.error.message);
    if (event.type !== "sourceEnded") return;
    const loss = describeTotalLoss(event.ledger);
    if (event.error !== null) this.#problems.add(event.error.message);
    else if (loss !== null) this.#losses.add(loss);
    this.#ended.set(event.sourceId, event.ledger);
    if (this.#ended.size === this.#sources) this.#finish();
  }

  fail(error: Error): void {
    this.#problems.add(error.message);
    this.#finish();
  }

  /** Ends the run with whatever is still in flight. */
  giveUp(): void {
    this.#finish();
  }

  /** The last ledger of each source: of one that runs, from `live`. */
  ledgers(live: readonly LedgerReported[]): readonly LedgerReported[] {
    return [...this.#ended.values(), ...live.filter((ledger) => !this.#ended.has(ledger.sourceId))];
  }

  totals(live: readonly LedgerReported[]): RunTotals {
    const ledgers = this.ledgers(live);
    const sum = (count: keyof RunTotals): number =>
      ledgers.reduce((total, ledger) => total + (ledger[count] ?? 0), 0);
    return {
      created: sum("created"),
      inFlight: sum("inFlight"),
      framesSkipped: sum("framesSkipped"),
      framesGated: sum("framesGated"),
    };
  }
}
