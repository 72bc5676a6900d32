/** Where results are kept: the newest run of each machine, and one page of it for people. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyText, caseText } from "./case-text.js";
import type { Machine } from "./machine.js";
import { programText, type ProgramResult } from "./programs.js";
import type { CaseResult } from "./result.js";

export interface BenchReport {
  readonly machine: Machine;
  /** ISO 8601, of its start. */
  readonly date: string;
  readonly command: string;
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly cases: readonly CaseReport[];
  readonly programs: readonly ProgramResult[];
}

/** A case's result with how busy others kept the processors meanwhile, 0 to 1. */
export type CaseReport = CaseResult & { readonly othersShare: number | null };

/** @returns the paths of both files, without their endings */
export function writeReport(report: BenchReport, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, report.machine.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"));
  writeFileSync(`${path}.json`, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(`${path}.md`, page(report));
  return path;
}

/** @throws Error where the file is none of ours */
export function readReport(path: string): BenchReport {
  const report = JSON.parse(readFileSync(path, "utf8")) as Partial<BenchReport>;
  if (!Array.isArray(report.cases)) throw new Error(`${path} is no result of these benches: it has no cases`);
  return report as BenchReport;
}

function page({ machine, date, command, loadAverage, cases, programs }: BenchReport): string {
  const libraries = Object.entries(machine.libraries).map(([library, version]) => `${library} ${version}`);
  const facts = [
    `- Machine: ${machine.name} (${machine.processors}, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB)`,
    `- Node ${machine.node}; ${libraries.join(", ")}`,
    `- Commit ${machine.commit}, ${date}, \`${command}\``,
    `- Load average of one minute: ${loadAverage.before} before, ${loadAverage.after} after`,
  ];
  const chapters = [
    ...cases.map((result) => `${caseText(result)}\n${busyText(result.othersShare)}\n`),
    ...programs.map(programText),
  ];
  return `# Bench results\n\n${facts.join("\n")}\n\n${chapters.join("\n")}`;
}
