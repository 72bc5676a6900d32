/** The benches: runs those whose name has one of the given parts, and keeps what they measured. `--help` says how. */

import { loadavg } from "node:os";
import { Command } from "commander";
import { CASES } from "./cases/cases.js";
import { compareResults, type Change } from "./harness/compare.js";
import { describeMachine } from "./harness/machine.js";
import { publish } from "./harness/publish.js";
import { readReport, writeReport, type BenchReport, type CaseReport } from "./harness/report-file.js";
import { FULL, QUICK } from "./harness/run-case.js";
import { runCases } from "./harness/run-cases.js";
import { rounded } from "./report.js";

interface Options {
  readonly list?: true;
  readonly quick?: true;
  readonly json?: true;
  readonly compare?: string;
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
  .option("--json", "print the report as JSON, and nothing else, on standard output")
  .option("--compare <file>", "say what changed since this report")
  .option("--machine <name>", "what this machine is called in the report")
  .option(
    "--publish",
    "measure nothing: write the README's figures and docs/performance.md from the newest results",
  )
  .option("--out <folder>", "keep the report here (default: only where all ran, in bench/results)")
  .addHelpText(
    "after",
    "\nEach result is kept as soon as there is one. Ctrl-C ends the run: what it has is in a file NAME.unfinished.json,\n" +
      "from which nothing is published. Exit codes: 0 all work was done, 1 some was not, 130 interrupted.",
  )
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  program.error(error instanceof Error ? error.message : String(error));
}

async function main(parts: readonly string[], options: Options): Promise<void> {
  if (options.publish === true) return console.log(publish(".").join("\n"));
  const cases = CASES.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
  if (cases.length === 0) {
    program.error(`No bench has "${parts.join('" or "')}" in its name: --list says which there are`);
  }
  if (options.list === true) {
    for (const { name, measures } of cases) console.log(`${name.padEnd(24)} ${measures}`);
    return;
  }
  const before = options.compare === undefined ? null : readReport(options.compare);
  const say = options.json === true ? console.error : console.log;
  const folder = options.out ?? (parts.length === 0 && options.quick !== true ? RESULTS : null);
  const started = {
    machine: describeMachine(options.machine ?? null),
    date: new Date().toISOString(),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
  };
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const results: CaseReport[] = [];
  const reportOf = (unfinished: boolean): BenchReport => ({
    ...started,
    loadAverage: { before: rounded(loadBefore), after: rounded(loadavg()[0] ?? Number.NaN) },
    unfinished: unfinished ? { ended: results.length, of: cases.length } : null,
    cases: results,
  });
  const signal = interruption(say);
  const failed = await runCases(cases, {
    plan: options.quick === true ? QUICK : FULL,
    signal,
    say,
    onResult(result) {
      results.push(result);
      if (folder !== null) writeReport(reportOf(true), folder);
    },
  });
  const report = reportOf(signal.aborted);
  if (before !== null) sayChanges(compareResults(before.cases, results), say);
  if (options.json === true) console.log(JSON.stringify(report));
  if (folder !== null && results.length > 0) say(`Kept: ${writeReport(report, folder)}.json and .md`);
  if (signal.aborted) {
    say(`Interrupted: ${results.length} of ${cases.length} have a result.`);
    process.exitCode = 130;
    return;
  }
  if (folder === RESULTS) say(`Written: ${publish(".").join(", ")}`);
  if (failed.length > 0) throw new Error(`Their work was not done: ${failed.join(", ")}`);
}

/** Aborted by Ctrl-C, or where the process is asked to end. */
function interruption(say: (line: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      say("Ending the case that runs: once more ends at once.");
      controller.abort();
    });
  }
  return controller.signal;
}

function sayChanges(changes: readonly Change[], say: (line: string) => void): void {
  for (const { name, ratio, spread, verdict } of changes) {
    const by = `x ${ratio.toPrecision(3)}, rounds ${Math.round(spread * 100)} % apart`;
    say(`${name.padEnd(24)} ${verdict.padEnd(18)} ${by}`);
  }
}
