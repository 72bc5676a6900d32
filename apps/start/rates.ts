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
  /** All that ran it in between, in order of name; where none did, those that ever have. */
  readonly nodes: readonly string[];
  readonly fps: number;
  /** Means over the tasks in between, in ms; null where no task passed. */
  readonly queueMs: number | null;
  readonly executeMs: number | null;
}

const NONE: Pick<StageSummary, "nodes" | "count" | "frames" | "queueMs" | "executeMs"> = {
  nodes: {},
  count: 0,
  frames: 0,
  queueMs: 0,
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
      return {
        stage,
        nodes: nodesBetween(earlier, current),
        fps: (current.frames - earlier.frames) / seconds,
        queueMs: meanBetween(earlier, current, "queueMs"),
        executeMs: meanBetween(earlier, current, "executeMs"),
      };
    }),
  };
}

function nodesBetween(earlier: typeof NONE, { nodes }: typeof NONE): readonly string[] {
  const all = Object.keys(nodes).sort();
  const active = all.filter((node) => (nodes[node] ?? 0) > (earlier.nodes[node] ?? 0));
  return active.length > 0 ? active : all;
}

/** From two means over all tasks so far the one over the tasks between them. */
function meanBetween(earlier: typeof NONE, now: typeof NONE, part: "queueMs" | "executeMs"): number | null {
  const count = now.count - earlier.count;
  return count === 0 ? null : (now.count * now[part] - earlier.count * earlier[part]) / count;
}
