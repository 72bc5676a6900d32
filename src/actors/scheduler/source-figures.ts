/** What of late became of the tasks of one source, whatever plan they were made under: for people. */

import { percentiles } from "../../scheduling/outcome-window.js";
import type { SourceFigures, TaskOutcome } from "../../task/reports.js";

/** A minute of a source of 8 tasks a second. */
const OUTCOMES_MAX = 512;
const WINDOW_MS = 60_000;

interface Settled {
  readonly atMs: number;
  readonly frames: number;
  /** Null of a task that was dropped. */
  readonly latencyMs: number | null;
}

/** Of one source, since its scheduler started. */
export class RecentFigures {
  readonly #settled: Settled[] = [];
  #late = 0;

  /** @param latencyMsMax what the source is to keep; null where it has no objective */
  add(
    { outcome, settledAtMs, sourceAtMs, frameCount }: TaskOutcome,
    atMs: number,
    latencyMsMax: number | null,
  ): void {
    const latencyMs = outcome.status === "stored" ? settledAtMs - sourceAtMs : null;
    if (latencyMsMax !== null && latencyMs !== null && latencyMs > latencyMsMax) this.#late += 1;
    this.#settled.push({ atMs, frames: frameCount, latencyMs });
    if (this.#settled.length > OUTCOMES_MAX) this.#settled.shift();
  }

  report(nowMs: number): SourceFigures {
    const recent = this.#settled.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    const stored = recent.filter(({ latencyMs }) => latencyMs !== null);
    // Of fewer than two there is no rate yet.
    const seconds = Math.max(1, (nowMs - (recent[0]?.atMs ?? nowMs)) / 1_000);
    const latencies = stored.flatMap(({ latencyMs }) => latencyMs ?? []);
    const { p50, p95 } = latencies.length === 0 ? { p50: null, p95: null } : percentiles(latencies);
    return {
      framesPerSecond: stored.reduce((sum, { frames }) => sum + frames, 0) / seconds,
      latencyMs: p50 === null || p95 === null ? null : { p50, p95 },
      late: this.#late,
    };
  }
}
