/** The rates and latencies of a run between two looks at it. */

import type { RunSummary, StageSummary } from "../../src/operator/run-statistics.js";

export interface ProgressFigures {
  readonly created: number;
  readonly inFlight: number;
  readonly run: RunSummary;
  /** Since the run began. */
  readonly elapsedMs: number;
}

export interface Rates {
  /** Frames stored a second. */
  readonly fps: number;
  readonly stages: readonly StageRates[];
}

interface StageRates {
  readonly stage: string;
  readonly node: string;
  readonly fps: number;
  /** Mean from the end of the stage before to the end of this one; null where no task passed. */
  readonly latencyMs: number | null;
}

const NONE: Pick<StageSummary, "count" | "frames" | "queueMs" | "transferMs" | "executeMs"> = {
  count: 0,
  frames: 0,
  queueMs: 0,
  transferMs: 0,
  executeMs: 0,
};

/** From `before` to `now`; the whole run where they are the same. */
export function ratesBetween(before: ProgressFigures, now: ProgressFigures): Rates {
  const whole = before.elapsedMs >= now.elapsedMs;
  const seconds = Math.max(1, now.elapsedMs - (whole ? 0 : before.elapsedMs)) / 1_000;
  return {
    fps: (now.run.frames - (whole ? 0 : before.run.frames)) / seconds,
    stages: Object.entries(now.run.stages).map(([stage, current]) => {
      const earlier = (whole ? undefined : before.run.stages[stage]) ?? NONE;
      const count = current.count - earlier.count;
      return {
        stage,
        node: current.node,
        fps: (current.frames - earlier.frames) / seconds,
        latencyMs: count === 0 ? null : (totalMs(current) - totalMs(earlier)) / count,
      };
    }),
  };
}

function totalMs({ count, queueMs, transferMs, executeMs }: typeof NONE): number {
  return count * (queueMs + transferMs + executeMs);
}
