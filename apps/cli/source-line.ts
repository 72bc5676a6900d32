/** The live line of a source that runs: its figures so far, and its rate now beside its average. */

import { countDrops } from "../../src/task/ledger.js";
import type { LedgerReported } from "../../src/task/reports.js";

type Figures = Pick<LedgerReported, "created" | "inFlight" | "stored" | "dropped" | "status">;

interface Look {
  readonly atMs: number;
  readonly stored: number;
}

/** Over how long the rate of now is taken. */
const NOW_MS = 5_000;

export class SourceLine {
  /** Of the last `NOW_MS` and the one before them; the first is the start. */
  #looks: Look[];
  readonly #startedAtMs: number;

  /** @param startedAtMs on the clock that `at` reads */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#looks = [{ atMs: startedAtMs, stored: 0 }];
  }

  at(nowMs: number, { created, inFlight, stored, dropped, status }: Figures): string {
    this.#looks.push({ atMs: nowMs, stored });
    // One that is as old as the window or older stays: the rate is over the time since that.
    while ((this.#looks[1]?.atMs ?? nowMs) <= nowMs - NOW_MS) this.#looks.shift();
    const [since = { atMs: this.#startedAtMs, stored: 0 }] = this.#looks;
    const now = rateText(stored - since.stored, nowMs - since.atMs);
    const average = rateText(stored, nowMs - this.#startedAtMs);
    const away = status === "reconnecting" ? ", gives nothing now" : "";
    const seconds = ((nowMs - this.#startedAtMs) / 1_000).toFixed(1);
    return (
      `${seconds} s: tasks created ${created}, in flight ${inFlight}, stored ${stored}, dropped ${countDrops(dropped)}; ` +
      `${now} tasks / s now, ${average} on average${away}`
    );
  }
}

function rateText(tasks: number, ms: number): string {
  return (tasks / Math.max(0.1, ms / 1_000)).toFixed(1);
}
