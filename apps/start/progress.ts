/** The live lines of a run: rewritten in place on a terminal, said now and then elsewhere. */

import { countDrops } from "../../src/task/ledger.js";
import { createLiveLines } from "../live-lines.js";
import { ratesBetween, type ProgressFigures, type Rates } from "./rates.js";
import { shortened, terminalWidth } from "../tables.js";
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
      last = describe(figures, ratesOf(recent, figures), terminalWidth(stream) - 1).join("\n");
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
      output.lines(describe(figures, current, terminalWidth(stream) - 1).join("\n"));
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

/** Longest stage name that is shown whole. */
const STAGE_LENGTH_MAX = 16;
/** Columns of a line beside the names of its stage and nodes. */
const FIGURES_WIDTH = 53;

/** A line on the run and one for each stage, within `width` columns. */
function describe(
  { created, inFlight, run, elapsedMs }: ProgressFigures,
  current: Rates,
  width: number,
): string[] {
  const dropped = countDrops(run.dropped);
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const rows = current.stages.map(({ nodes, stage, ...figures }) => ({
    ...figures,
    stage: shortened(stage, STAGE_LENGTH_MAX),
    nodes: nodes.join(", "),
  }));
  const stageWidth = Math.max(0, ...rows.map(({ stage }) => stage.length));
  const room = Math.max(8, width - FIGURES_WIDTH - stageWidth);
  const nodesWidth = Math.min(room, Math.max(0, ...rows.map(({ nodes }) => nodes.length)));
  return [
    shortened(
      `${seconds} s: tasks created ${created}, in flight ${inFlight}, stored ${run.stored}, dropped ${dropped}; ` +
        `${current.fps.toFixed(1)} fps`,
      width,
    ),
    ...rows.map(
      ({ stage, nodes, fps, queueMs, executeMs }) =>
        `  ${stage.padEnd(stageWidth)}  ${shortened(nodes, room).padEnd(nodesWidth)} ${fps.toFixed(1).padStart(6)} fps  ` +
        `queue ${figure(queueMs)} ms  execute ${figure(executeMs)} ms`,
    ),
  ];
}

function figure(ms: number | null): string {
  return (ms === null ? "-" : ms.toFixed(1)).padStart(7);
}
