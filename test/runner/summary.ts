/** What a run of tests came to, as lines of text. */

import { withOriginalPlaces } from "../../apps/original-places.js";
import type { FileResult } from "./file-result.js";

const SLOWEST = 10;

export function resultLine({ file, problem, passed, skipped, durationMs, cpuMs }: FileResult): string {
  const note = skipped > 0 ? `, ${skipped} SKIPPED` : "";
  return `${problem === null ? "ok  " : "FAIL"} ${file} (${passed} passed${note}, ${timeText(durationMs, cpuMs)})`;
}

/** What is wrong with a file, and all that it said. */
export function problemText({ file, problem, output }: FileResult): string {
  return `\n${file}: ${problem ?? "no problem"}\n${withOriginalPlaces(output)}`;
}

/** Files that took longest, with what of it was work of the processors, where that is known. */
export function slowestText(results: readonly FileResult[]): string {
  const slowest = results.toSorted((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
  const lines = slowest.map(
    ({ file, durationMs, cpuMs }) => `${seconds(durationMs).padStart(9)}  ${cpuText(cpuMs)}  ${file}`,
  );
  return [`The slowest ${slowest.length}:`, ...lines].join("\n");
}

/** @param tookMs from the first start to the last end */
export function totalsText(results: readonly FileResult[], tookMs: number): string {
  const sum = (pick: (result: FileResult) => number): number =>
    results.reduce((total, result) => total + pick(result), 0);
  const broken = results.filter(({ problem }) => problem !== null).length;
  const failed = Math.max(
    broken,
    sum(({ total, passed }) => total - passed),
  );
  return [
    `${results.length} files, ${broken} with problems`,
    `${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped)} skipped`,
    `took ${timeText(
      tookMs,
      sum(({ cpuMs }) => cpuMs ?? 0),
    )}`,
  ].join("\n");
}

function timeText(durationMs: number, cpuMs: number | null): string {
  return cpuMs === null || cpuMs === 0
    ? seconds(durationMs)
    : `${seconds(durationMs)}, ${seconds(cpuMs)} of CPU`;
}

function cpuText(cpuMs: number | null): string {
  return (cpuMs === null ? "" : `${seconds(cpuMs)} of CPU`).padStart(16);
}

export function seconds(ms: number): string {
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
