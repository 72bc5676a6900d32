/**
 * Runs the benches one after the other, several times over, and writes the medians to `bench/results/`: a page for
 * people, and JSON that holds every run.
 *
 * A result says what it was measured on and by which command, and for each bench how busy the processors were with
 * what was not the bench: above a tenth, run it again.
 *
 * Usage: `npm run bench -- [--runs N] [--only PART,...] [--machine TEXT] [--out FOLDER]`
 */

import { execFileSync, fork } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, rounded, type Row, type Section } from "./report.js";

/** In the order of their running: the quick ones first. */
const BENCHES = [
  "micro/actors",
  "micro/task",
  "micro/codec",
  "micro/scheduler",
  "micro/worker",
  "micro/store",
  "micro/services",
  "micro/capture",
  "micro/monitor",
  "e2e/stage-overhead",
  "e2e/throughput",
  "e2e/link",
  "e2e/cluster",
  "e2e/remote-stage",
  "e2e/failover",
  "e2e/swap",
  "e2e/durability",
  "e2e/overload",
  "e2e/idle-node",
  "e2e/demo",
  "e2e/cycles",
];
const LIBRARIES = ["nact", "onnxruntime-node", "level", "sharp", "systeminformation", "msgpackr", "ws"];
const CLOCK_TICKS_PER_SECOND = 100;

interface Run {
  readonly sections: readonly Section[];
  /** Of all processors, taken by what is not the bench, 0 to 1. */
  readonly othersShare: number;
  readonly durationMs: number;
}

interface Result {
  readonly machine: string;
  readonly processors: string;
  readonly node: string;
  readonly libraries: Readonly<Record<string, string>>;
  readonly commit: string;
  readonly date: string;
  readonly command: string;
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly benches: readonly { readonly name: string; readonly runs: readonly Run[] }[];
}

const { values: options } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    machine: { type: "string", default: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}` },
    out: { type: "string", default: "bench/results" },
  },
});
const runCount = Number(options.runs);
if (!Number.isSafeInteger(runCount) || runCount < 1) {
  throw new RangeError(`Cannot run the benches "${options.runs}" times: it must be a whole number from 1`);
}
const parts = options.only.split(",");
const names = BENCHES.filter((name) => parts.some((part) => name.includes(part)));
const date = new Date().toISOString();
const loadBefore = loadavg()[0] ?? Number.NaN;

const runs = new Map<string, Run[]>(names.map((name) => [name, []]));
// Round by round, so that a quarter of an hour in which the machine was slow is in no bench's every run.
for (let round = 1; round <= runCount; round += 1) {
  for (const name of names) {
    console.log(`\n── ${name}, run ${round} of ${runCount} ──`);
    runs.get(name)?.push(await runBench(name));
  }
}
write({
  machine: options.machine,
  processors: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  node: process.version,
  libraries: Object.fromEntries(LIBRARIES.map((library) => [library, versionOf(library)])),
  commit: commit(),
  date,
  command: `npm run bench -- --runs ${runCount}${options.only === "" ? "" : ` --only ${options.only}`}`,
  loadAverage: { before: rounded(loadBefore), after: rounded(loadavg()[0] ?? Number.NaN) },
  benches: [...runs].map(([name, of]) => ({ name, runs: of })),
});

async function runBench(name: string): Promise<Run> {
  const sections: Section[] = [];
  const startedMs = performance.now();
  const [busyBeforeMs, ownBeforeMs] = [busyMs(), ownMs()];
  await new Promise<void>((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)));
    // Both ends are this folder: report.ts sends nothing else.
    child.on("message", (section) => sections.push(section as Section));
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))));
  });
  const durationMs = performance.now() - startedMs;
  const others = busyMs() - busyBeforeMs - (ownMs() - ownBeforeMs);
  return {
    sections,
    othersShare: rounded(Math.max(0, others / (durationMs * cpus().length))),
    durationMs: Math.round(durationMs),
  };
}

/** Of all processors, since the machine's start. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Of this process and of all below it that have ended: proc(5), /proc/pid/stat, fields 14 to 17. */
function ownMs(): number {
  if (process.platform !== "linux") return Number.NaN;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return (ticks / CLOCK_TICKS_PER_SECOND) * 1_000;
}

function write(result: Result): void {
  mkdirSync(options.out, { recursive: true });
  const slug = options.machine.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const path = join(options.out, `${result.date.slice(0, 10)}-${slug}`);
  writeFileSync(`${path}.json`, `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(`${path}.md`, page(result));
  console.log(`\nWritten: ${path}.json and .md`);
}

function page({ machine, processors, node, libraries, commit: at, command, ...result }: Result): string {
  const facts = [
    `- Machine: ${machine} (${processors})`,
    `- Node ${node}; ${Object.entries(libraries)
      .map(([library, version]) => `${library} ${version}`)
      .join(", ")}`,
    `- Commit ${at}, ${result.date}, \`${command}\``,
    `- Load average of one minute: ${result.loadAverage.before} before, ${result.loadAverage.after} after`,
  ];
  const chapters = result.benches.flatMap(({ name, runs: of }) => {
    const others = of.map(({ othersShare }) => `${Math.round(othersShare * 100)} %`).join(", ");
    const heading = `## ${name}\n\nTaken of the processors by others, by run: ${others}.`;
    return [heading, ...medians(of).map(({ title, rows }) => `### ${title}\n\n${table(rows)}`)];
  });
  return `# Bench results\n\n${facts.join("\n")}\n\nMedians over the runs, cell by cell.\n\n${chapters.join("\n\n")}\n`;
}

/** The first run, with the median of all in place of each of its figures. */
function medians(of: readonly Run[]): readonly Section[] {
  const [first] = of;
  return (first?.sections ?? []).map(({ title, rows }, section) => ({
    title,
    rows: mapValues(rows, (row, what) =>
      mapValues(row, (cell, column) => {
        if (typeof cell === "string") return cell;
        const cells = of.map((run) => run.sections[section]?.rows[what]?.[column]);
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

/** From its package file: not every library lets it be imported. */
function versionOf(library: string): string {
  const text = readFileSync(join("node_modules", library, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The commit that is checked out, and whether files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return "unknown";
  }
}
