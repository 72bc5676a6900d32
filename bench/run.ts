/** The benches: runs those whose name has one of the given parts, and keeps what they measured. `--help` says how. */

import { fork } from "node:child_process";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { CASES } from "./cases/cases.js";
import { busyText, caseText } from "./harness/case-text.js";
import { compareResults, type Change } from "./harness/compare.js";
import { describeMachine, OthersMeter } from "./harness/machine.js";
import { publish } from "./harness/publish.js";
import { PROGRAMS, runProgram, type ProgramRun } from "./harness/programs.js";
import { readReport, writeReport, type CaseReport } from "./harness/report-file.js";
import type { CaseResult } from "./harness/result.js";
import type { RoundPlan } from "./harness/case.js";
import { FULL, QUICK } from "./harness/run-case.js";
import { rounded } from "./report.js";

interface Options {
  readonly list?: true;
  readonly quick?: true;
  readonly json?: true;
  readonly compare?: string;
  readonly runs: number;
  readonly machine?: string;
  readonly out?: string;
  readonly publish?: true;
}

const RESULTS = "bench/results";
const program = new Command("npm run bench --")
  .description("Measures what Sluice costs, each figure beside its baseline and its peers in the same run.")
  .argument("[part...]", "run only benches whose name has one of these in it, such as micro/ask")
  .option("--list", "say which there are, and what each measures")
  .option("--quick", "few and short rounds: to see that all runs, not to be quoted")
  .option("--runs <n>", "times that each bench is run that is a program of its own", wholeNumber, 1)
  .option("--json", "print the report as JSON, and nothing else, on standard output")
  .option("--compare <file>", "say what changed since this report")
  .option("--machine <name>", "what this machine is called in the report")
  .option(
    "--publish",
    "measure nothing: write the README's figures and docs/performance.md from the newest results",
  )
  .option("--out <folder>", "keep the report here (default: only where all ran, in bench/results)")
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  program.error(error instanceof Error ? error.message : String(error));
}

async function main(parts: readonly string[], options: Options): Promise<void> {
  if (options.publish === true) return console.log(publish(".").join("\n"));
  const chosen = (name: string): boolean => parts.length === 0 || parts.some((part) => name.includes(part));
  const cases = CASES.filter(({ name }) => chosen(name));
  // They take minutes each, and their tables are in no document.
  const programs = parts.length === 0 && options.list !== true ? [] : PROGRAMS.filter(chosen);
  if (cases.length + programs.length === 0) {
    program.error(`No bench has "${parts.join('" or "')}" in its name: --list says which there are`);
  }
  if (options.list === true) {
    for (const { name, measures } of cases) console.log(`${name.padEnd(24)} ${measures}`);
    for (const name of programs) console.log(`${name.padEnd(24)} A program of its own: see bench/README.md`);
    return;
  }
  const before = options.compare === undefined ? null : readReport(options.compare);
  const say = options.json === true ? console.error : console.log;
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const date = new Date().toISOString();
  const results: CaseReport[] = [];
  const failed: string[] = [];
  const plan = options.quick === true ? QUICK : FULL;
  for (const [at, { name }] of cases.entries()) {
    say(`── ${at + 1} of ${cases.length + programs.length}: ${name} ──\n`);
    const others = new OthersMeter();
    const ended = await runCaseApart(name, plan);
    if ("failed" in ended) {
      failed.push(name);
      say(`FAILED: ${name} ended with ${ended.failed}: what it says is above\n`);
      continue;
    }
    if ("unavailable" in ended) {
      say(`LEFT OUT: ${ended.unavailable}\n`);
      continue;
    }
    const result = { ...ended.result, othersShare: others.share() };
    results.push(result);
    say(`${caseText(result)}\n${busyText(result.othersShare)}\n`);
  }
  const runs = new Map<string, ProgramRun[]>(programs.map((name) => [name, []]));
  // Round by round, so that a quarter of an hour in which the machine was slow is in no bench's every run.
  for (let round = 1; round <= options.runs; round += 1) {
    for (const [at, name] of programs.entries()) {
      say(`── ${cases.length + at + 1} of ${cases.length + programs.length}: ${name}, run ${round} ──`);
      runs.get(name)?.push(await runProgram(name));
    }
  }
  const report = {
    machine: describeMachine(options.machine ?? null),
    date,
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    loadAverage: { before: rounded(loadBefore), after: rounded(loadavg()[0] ?? Number.NaN) },
    cases: results,
    programs: [...runs].map(([name, of]) => ({ name, runs: of })),
  };
  if (before !== null) sayChanges(compareResults(before.cases, results), say);
  if (options.json === true) console.log(JSON.stringify(report));
  const folder = options.out ?? (parts.length === 0 && options.quick !== true ? RESULTS : null);
  if (folder !== null) say(`Kept: ${writeReport(report, folder)}.json and .md`);
  if (folder === RESULTS) say(`Written: ${publish(".").join(", ")}`);
  if (failed.length > 0) throw new Error(`Their work was not done: ${failed.join(", ")}`);
}

type CaseEnd =
  | { readonly result: CaseResult }
  | { readonly unavailable: string }
  /** Its work was not done: the code of its process. */
  | { readonly failed: string };

/** In a process of its own: no case inherits another's heap or compiled code. */
function runCaseApart(name: string, plan: RoundPlan): Promise<CaseEnd> {
  return new Promise((resolve) => {
    const child = fork(
      fileURLToPath(new URL("harness/run-one.js", import.meta.url)),
      [name, JSON.stringify(plan)],
      { stdio: ["inherit", "ignore", "inherit", "ipc"] },
    );
    let end: CaseEnd | null = null;
    // Both ends are this folder.
    child.on("message", (message) => (end = message as CaseEnd));
    child.on("close", (code, signal) => {
      resolve(code === 0 && end !== null ? end : { failed: String(code ?? signal) });
    });
  });
}

function sayChanges(changes: readonly Change[], say: (line: string) => void): void {
  for (const { name, ratio, spread, verdict } of changes) {
    const by = `x ${ratio.toPrecision(3)}, rounds ${Math.round(spread * 100)} % apart`;
    say(`${name.padEnd(24)} ${verdict.padEnd(18)} ${by}`);
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number from 1.");
}
