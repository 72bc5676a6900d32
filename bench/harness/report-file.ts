/** Where results are kept: the newest run of each machine, and one page of it for people. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyText, caseText } from "./case-text.js";
import type { Machine } from "./machine.js";
import type { CaseResult } from "./result.js";

export interface BenchReport {
  readonly machine: Machine;
  /** ISO 8601, of its start. */
  readonly date: string;
  readonly command: string;
  readonly loadAverage: { readonly before: number; readonly after: number };
  /** How many cases it has of those that were to run, where it goes on or was interrupted. */
  readonly unfinished: { readonly ended: number; readonly of: number } | null;
  readonly cases: readonly CaseReport[];
}

/** A case's result with how busy others kept the processors meanwhile, 0 to 1, and how long it took, set-up included, in ms. */
export type CaseReport = CaseResult & { readonly othersShare: number | null; readonly tookMs?: number };

const UNFINISHED = ".unfinished";
const ENDINGS = ["json", "md"] as const;

/**
 * Each file is whole at any moment. An unfinished report stands beside the newest whole one, until that takes its place.
 *
 * @returns the paths of both files, without their endings
 */
export function writeReport(report: BenchReport, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const whole = join(folder, report.machine.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"));
  const path = report.unfinished === null ? whole : `${whole}${UNFINISHED}`;
  const texts = { json: `${JSON.stringify(report, null, 1)}\n`, md: page(report) };
  for (const ending of ENDINGS) {
    writeFileSync(`${path}.${ending}.new`, texts[ending]);
    renameSync(`${path}.${ending}.new`, `${path}.${ending}`);
    if (report.unfinished === null) rmSync(`${whole}${UNFINISHED}.${ending}`, { force: true });
  }
  return path;
}

/** Whether a file of this name has a whole report. */
export function isWholeReport(name: string): boolean {
  return name.endsWith(".json") && !name.endsWith(`${UNFINISHED}.json`);
}

/** @throws Error where the file is none of ours */
export function readReport(path: string): BenchReport {
  const report = JSON.parse(readFileSync(path, "utf8")) as Partial<BenchReport>;
  if (!Array.isArray(report.cases)) throw new Error(`${path} is no result of these benches: it has no cases`);
  // Reports of earlier builds do not say.
  return { ...(report as BenchReport), unfinished: report.unfinished ?? null };
}

function page({ machine, date, command, loadAverage, unfinished, cases }: BenchReport): string {
  const libraries = Object.entries(machine.libraries).map(([library, version]) => `${library} ${version}`);
  const facts = [
    `- Machine: ${machine.name} (${machine.processors}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB)`,
    `- Node ${machine.node}; ${libraries.join(", ")}`,
    `- Commit ${machine.commit}, ${date}, \`${command}\``,
    `- Load average of one minute: ${loadAverage.before} before, ${loadAverage.after} after`,
    ...(unfinished === null ? [] : [`- Unfinished: ${unfinished.ended} of ${unfinished.of} cases`]),
  ];
  const chapters = cases.map((result) => `${caseText(result)}\n${busyText(result.othersShare)}\n`);
  return `# Bench results\n\n${facts.join("\n")}\n\n${chapters.join("\n")}`;
}
