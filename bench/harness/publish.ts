/** What documents say of the newest results: the README's figures, and `docs/performance.md` with its pictures. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chart } from "./chart.js";
import { figuresText } from "./figure-rows.js";
import { percent } from "./figures.js";
import { paddedTable } from "./padded-table.js";
import { isWholeReport, readReport, type BenchReport } from "./report-file.js";

const MARKS = ["<!-- figures:start -->", "<!-- figures:end -->"] as const;
const README = "README.md";
const PAGE = "docs/performance.md";
const RESULTS = "bench/results";

/** Paths from the repository's root, and what is to be in each. */
export type Published = ReadonlyMap<string, string>;

/** @param root of the repository. @throws Error where no results are kept */
export function published(root: string): Published {
  const report = newestReport(join(root, RESULTS));
  const groups = [...new Set(report.cases.map(({ name }) => groupOf(name)))];
  const pictures = groups.map((group) => {
    const cases = report.cases.filter(({ name }) => groupOf(name) === group);
    return [`docs/performance/${group}.svg`, chart(cases)] as const;
  });
  return new Map([
    [README, between(read(root, README), figuresText(report))],
    [PAGE, between(read(root, PAGE), pageText(report, groups))],
    ...pictures,
  ]);
}

/** Its folder. */
function groupOf(name: string): string {
  return name.split("/")[0] ?? "";
}

/** @returns the paths that were written */
export function publish(root: string): readonly string[] {
  const files = [...published(root)];
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return files.map(([path]) => path);
}

function newestReport(folder: string): BenchReport {
  const names = readdirSync(folder).filter(isWholeReport);
  const [newest] = names
    .map((name) => readReport(join(folder, name)))
    .toSorted((a, b) => (a.date < b.date ? 1 : -1));
  if (newest === undefined) throw new Error(`${folder} has no results: npm run bench keeps them there`);
  return newest;
}

function pageText(report: BenchReport, groups: readonly string[]): string {
  const goals = report.cases.flatMap(({ name, goals: all, othersShare }) =>
    all.map(({ wanted, measured, met }) => [
      `\`${name}\``,
      wanted,
      measured,
      met === null ? "cannot be told" : met ? "yes" : "no",
      othersShare === null ? "-" : percent(othersShare),
    ]),
  );
  const { machine, date } = report;
  return [
    `Measured on ${machine.processors}, Node ${machine.node}, commit ${machine.commit}, ${date.slice(0, 10)}, by \`${report.command.trim()}\`.`,
    "",
    "## Goals",
    "",
    ...paddedTable(["Case", "Goal", "Measured", "Met", "Taken by others"], goals),
    ...groups.flatMap((group) => [
      "",
      `## ${group}/`,
      "",
      `![The cases of ${group}/](performance/${group}.svg)`,
    ]),
  ].join("\n");
}

function between(text: string, made: string): string {
  const [start, end] = [text.indexOf(MARKS[0]), text.indexOf(MARKS[1])];
  if (start < 0 || end < start) throw new Error(`It has no place for figures: ${MARKS.join(" ... ")}`);
  return `${text.slice(0, start + MARKS[0].length)}\n\n${made}\n\n${text.slice(end)}`;
}

function read(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}
