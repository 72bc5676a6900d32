/** The live lines of a run: rewritten in place on a terminal, a line now and then elsewhere. */

import { countDrops } from "../../src/task/ledger.js";
import { createLiveLines } from "../live-lines.js";
import { ratesBetween, type ProgressFigures, type Rates } from "./rates.js";
import { outputTo } from "../terminal.js";

export interface Progress {
  show(figures: ProgressFigures): void;
  /** Says something that stays, above the live lines. */
  say(line: string): void;
  end(): void;
}

const PERIOD_MS = 200;
const PLAIN_PERIOD_MS = 2_000;
/** Over how long rates and latencies are taken. */
const WINDOW_MS = 5_000;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? liveProgress(stream) : plainProgress(stream);
}

/** Shows what `look` finds, again and again. @returns ends it */
export function showProgress(progress: Progress, look: () => Promise<ProgressFigures>): () => void {
  const timer = setInterval(() => {
    void look().then(
      (figures) => progress.show(figures),
      // The cluster is shutting down: the summary comes next.
      () => {},
    );
  }, PERIOD_MS);
  return () => clearInterval(timer);
}

function liveProgress(stream: NodeJS.WriteStream): Progress {
  const lines = createLiveLines(stream);
  const output = outputTo(stream);
  const recent: ProgressFigures[] = [];
  let last = "";
  return {
    show(figures) {
      last = describe(figures, ratesOf(recent, figures)).join("\n");
      lines.show(last);
    },
    say(line) {
      lines.clear();
      output.line(line);
      if (last !== "") lines.show(last);
    },
    // The summary says the same and more.
    end: () => lines.clear(),
  };
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  const output = outputTo(stream);
  const recent: ProgressFigures[] = [];
  let shownAtMs = 0;
  return {
    show(figures) {
      const current = ratesOf(recent, figures);
      if (figures.elapsedMs - shownAtMs < PLAIN_PERIOD_MS) return;
      shownAtMs = figures.elapsedMs;
      const parts = describe(figures, current).map((line) => line.trim().replaceAll(/ {2,}/g, " "));
      output.line(parts.join(" | "));
    },
    say: (line) => output.line(line),
    end: () => {},
  };
}

/** Adds `figures` to the recent ones. @returns the rates since the oldest of them */
function ratesOf(recent: ProgressFigures[], figures: ProgressFigures): Rates {
  recent.push(figures);
  while ((recent[1]?.elapsedMs ?? Infinity) <= figures.elapsedMs - WINDOW_MS) recent.shift();
  return ratesBetween(recent[0] ?? figures, figures);
}

function describe({ created, inFlight, run, elapsedMs }: ProgressFigures, current: Rates): string[] {
  const dropped = countDrops(run.dropped);
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const widest = Math.max(0, ...current.stages.map(({ stage }) => stage.length));
  const widestNode = Math.max(0, ...current.stages.map(({ node }) => node.length));
  return [
    `${seconds} s: tasks created ${created}, in flight ${inFlight}, stored ${run.stored}, dropped ${dropped}; ` +
      `${current.fps.toFixed(1)} fps`,
    ...current.stages.map(
      ({ stage, node, fps, latencyMs }) =>
        `  ${stage.padEnd(widest)}  ${node.padEnd(widestNode)}  ${fps.toFixed(1).padStart(6)} fps  ` +
        `${(latencyMs?.toFixed(1) ?? "-").padStart(7)} ms`,
    ),
  ];
}
