/** The live line of a run: rewritten in place on a terminal, a line now and then elsewhere. */

import { createLogUpdate } from "log-update";
import type { RunSummary } from "../../src/actors/observer/run-statistics.js";

export interface ProgressFigures {
  readonly created: number;
  readonly inFlight: number;
  readonly run: RunSummary;
  readonly elapsedMs: number;
}

export interface Progress {
  show(figures: ProgressFigures): void;
  /** Says something that stays, above the live line. */
  say(line: string): void;
  end(): void;
}

const PLAIN_PERIOD_MS = 2_000;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? liveProgress(stream) : plainProgress(stream);
}

function liveProgress(stream: NodeJS.WriteStream): Progress {
  const update = createLogUpdate(stream);
  let last = "";
  return {
    show: (figures) => update((last = describe(figures))),
    say(line) {
      update.clear();
      stream.write(`${line}\n`);
      if (last !== "") update(last);
    },
    end: () => update.done(),
  };
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  let shownAtMs = 0;
  return {
    show(figures) {
      if (figures.elapsedMs - shownAtMs < PLAIN_PERIOD_MS) return;
      shownAtMs = figures.elapsedMs;
      stream.write(`${describe(figures).replaceAll("\n", " ")}\n`);
    },
    say: (line) => void stream.write(`${line}\n`),
    end: () => {},
  };
}

function describe({ created, inFlight, run, elapsedMs }: ProgressFigures): string {
  const dropped = Object.values(run.dropped).reduce((sum, count) => sum + count, 0);
  const seconds = elapsedMs / 1_000;
  const fps = (run.frames / Math.max(0.001, seconds)).toFixed(1);
  const head = `${seconds.toFixed(1)} s  created ${created}  in flight ${inFlight}  stored ${run.stored}  dropped ${dropped}  ${fps} fps`;
  const stages = Object.entries(run.stages).map(
    ([stage, { node, count, queueMs, transferMs, executeMs }]) =>
      `  ${stage} on ${node}: ${((count * run.frames) / Math.max(1, run.stored) / Math.max(0.001, seconds)).toFixed(1)} fps, ` +
      `${(queueMs + transferMs + executeMs).toFixed(1)} ms`,
  );
  return [head, ...stages].join("\n");
}
