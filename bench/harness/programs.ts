/** Benches that are programs of their own and tell tables: each is run several times, and the medians of its cells are taken. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median, rounded, type Row, type Section } from "../report.js";
import { OthersMeter } from "./machine.js";

/** In the order of their running: the quick ones first. */
export const PROGRAMS = [
  "micro/store",
  "micro/services",
  "micro/capture",
  "micro/monitor",
  "e2e/link",
  "e2e/overload",
  "e2e/demo",
  "e2e/cycles",
];

export interface ProgramRun {
  readonly sections: readonly Section[];
  /** Of all processors, taken by what is not the bench, 0 to 1. */
  readonly othersShare: number | null;
}

export interface ProgramResult {
  readonly name: string;
  readonly runs: readonly ProgramRun[];
}

/** @throws Error where it ends with another code than 0: it did not do its work */
export async function runProgram(name: string): Promise<ProgramRun> {
  const sections: Section[] = [];
  const others = new OthersMeter();
  await new Promise<void>((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(`../${name}.js`, import.meta.url)));
    // Both ends are this folder: report.ts sends nothing else.
    child.on("message", (section) => sections.push(section as Section));
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))));
  });
  return { sections, othersShare: others.share() };
}

/** Its tables in Markdown, each cell the median over the runs. */
export function programText({ name, runs }: ProgramResult): string {
  const others = runs.map(({ othersShare }) =>
    othersShare === null ? "-" : `${Math.round(othersShare * 100)} %`,
  );
  const heading = `### ${name}\n\nTaken of the processors by others, by run: ${others.join(", ")}.`;
  const tables = medians(runs).map(({ title, rows }) => `${title}\n\n${table(rows)}`);
  return `${[heading, ...tables].join("\n\n")}\n`;
}

/** The first run, with the median of all in place of each of its figures. */
function medians(runs: readonly ProgramRun[]): readonly Section[] {
  const [first] = runs;
  return (first?.sections ?? []).map(({ title, rows }, section) => ({
    title,
    rows: mapValues(rows, (row, what) =>
      mapValues(row, (cell, column) => {
        if (typeof cell === "string") return cell;
        const cells = runs.map((run) => run.sections[section]?.rows[what]?.[column]);
        return rounded(median(cells.filter((value) => typeof value === "number")));
      }),
    ),
  }));
}

function mapValues<Value, Mapped>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value, key: string) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]));
}

function table(rows: Readonly<Record<string, Row>>): string {
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...columns]),
    line(["---", ...columns.map(() => "---:")]),
    ...Object.entries(rows).map(([what, row]) => line([what, ...columns.map((column) => row[column] ?? "")])),
  ].join("\n");
}
