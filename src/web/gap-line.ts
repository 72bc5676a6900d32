/** The tasks that were dropped in the whole cluster, on a line of time: the last hour, since the hub started. */

import type { TaskOutcome } from "../task/reports.js";
import type { GapsReport } from "./page-protocol.js";

const PERIOD_MS = 10_000;
const PERIODS_MAX = 360;
/** Sources and reasons of one period that are told apart; what is beyond counts as of others. */
const KINDS_MAX = 256;
const OTHERS = "others";

type Period = Map<string, { readonly source: string; readonly reason: string; count: number }>;

export class GapLine {
  /** By number of the period since the Unix epoch, oldest first. */
  readonly #periods = new Map<number, Period>();
  /** Counts the changes. */
  version = 0;

  note({ id, outcome, settledAtMs }: Pick<TaskOutcome, "id" | "outcome" | "settledAtMs">): void {
    if (outcome.status !== "dropped") return;
    const period = this.#periodOf(Math.floor(settledAtMs / PERIOD_MS));
    const { reason } = outcome;
    const source = period.size < KINDS_MAX || period.has(`${id.sourceId} ${reason}`) ? id.sourceId : OTHERS;
    const key = `${source} ${reason}`;
    const kind = period.get(key);
    if (kind === undefined) period.set(key, { source, reason, count: 1 });
    else kind.count += 1;
    this.version += 1;
  }

  report(nowMs: number): GapsReport {
    const last = Math.floor(nowMs / PERIOD_MS);
    const first = last - PERIODS_MAX + 1;
    const gaps = [...this.#periods]
      .filter(([number]) => number >= first && number <= last)
      .flatMap(([number, kinds]) => [...kinds.values()].map((kind) => ({ period: number - first, ...kind })));
    return { fromMs: first * PERIOD_MS, periodMs: PERIOD_MS, periods: PERIODS_MAX, gaps };
  }

  #periodOf(number: number): Period {
    let period = this.#periods.get(number);
    if (period === undefined) {
      this.#periods.set(number, (period = new Map()));
      if (this.#periods.size > PERIODS_MAX) {
        this.#periods.delete(Math.min(...this.#periods.keys()));
      }
    }
    return period;
  }
}
