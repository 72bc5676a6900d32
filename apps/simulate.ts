/**
 * `npm run simulate`: whole clusters under a virtual clock, with faults from a seed. A seed that breaks a promise is printed
 * with the command that replays it.
 */

import { FAULTS, type FaultKind } from "../src/simulation/fault-plan.js";
import { BUG_KINDS, type BugKind } from "../src/simulation/planted-bugs.js";
import { simulate, type SimulationReport } from "../src/simulation/simulation.js";
import { Command, listOf, Option, positiveInteger, readArguments, readBy } from "./command-line.js";
import { createLiveLines } from "./live-lines.js";
import { parseDuration } from "./cli/units.js";

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: number;
  readonly faulty: number;
  readonly edges: number;
  readonly gap: number;
  readonly faults?: readonly FaultKind[];
  readonly plant?: BugKind;
  readonly history: boolean;
  readonly json: boolean;
}

const durationMs = readBy(parseDuration, "a duration like 500ms, 90s or 15m");

const command = new Command("simulate")
  .description(
    "Runs simulated clusters, one a seed, each with faults of its own, and audits what they stored.",
  )
  .option("--seeds <n>", "how many seeds", positiveInteger, 100)
  .option("--first <n>", "the first one", positiveInteger, 1)
  .option("--seed <n>", "only this one", positiveInteger)
  .addOption(
    new Option("--faulty <duration>", "simulated time with faults")
      .argParser(durationMs)
      .default(30_000, "30s"),
  )
  .option("--edges <n>", "edges beside the hub", positiveInteger, 3)
  .addOption(
    new Option("--gap <duration>", "mean time between faults").argParser(durationMs).default(1_000, "1s"),
  )
  .addOption(
    new Option("--faults <kind>", `one kind of fault, may be given repeatedly (default: all)`)
      .choices([...FAULTS])
      .argParser(listOf(FAULTS)),
  )
  .addOption(new Option("--plant <bug>", "a bug to plant, which must be found").choices([...BUG_KINDS]))
  .option("--history", "with --seed: everything that happened, line by line", false)
  .option("--json", "the report of each seed as a line of JSON", false)
  .addHelpText("after", "\nExit codes: 0 every promise kept, 1 one was broken, 2 wrong usage.\n");

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const nothing = readArguments(command.exitOverride(), args);
  if (nothing !== null) return nothing.exitCode;
  const options = command.opts<Options>();
  const first = options.seed ?? options.first;
  const last = options.seed ?? options.first + options.seeds - 1;
  const live = process.stderr.isTTY ? createLiveLines(process.stderr) : null;
  const startedMs = performance.now();
  let [simulatedMs, results, redelivered, broken] = [0, 0, 0, 0];
  for (let seed = first; seed <= last; seed++) {
    const report = await simulate({
      seed,
      faultyMs: options.faulty,
      edges: options.edges,
      meanGapMs: options.gap,
      bug: options.plant ?? null,
      keepHistory: options.history && options.seed !== undefined,
      ...(options.faults && { faults: options.faults }),
    });
    simulatedMs += report.simulatedMs;
    results += report.results;
    redelivered += report.redelivered;
    if (report.findings.length > 0) broken += 1;
    live?.show(`seed ${seed} of ${last}: ${broken} broken, ${speed(simulatedMs, startedMs)} real time`);
    if (report.findings.length > 0 || options.seed !== undefined || options.json) live?.clear();
    print(report, options);
  }
  live?.clear();
  if (!options.json) {
    process.stdout.write(
      `${last - first + 1} seeds, ${(simulatedMs / 1_000).toFixed(0)} s at ${speed(simulatedMs, startedMs)} real time: ` +
        `${results} results, ${redelivered} redeliveries, ${broken} seeds broke a promise\n`,
    );
  }
  return broken === 0 ? 0 : 1;
}

function print(report: SimulationReport, options: Options): void {
  const { seed, lines, faults, findings, ...rest } = report;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ seed, ...rest, faults: faults.length, findings })}\n`);
    return;
  }
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (options.seed !== undefined) {
    process.stdout.write(
      `seed ${seed}: ${rest.results} results, ${rest.redelivered} redeliveries, gaps ${JSON.stringify(rest.gaps)}, ` +
        `${faults.length} faults in ${(rest.simulatedMs / 1_000).toFixed(1)} s, history ${rest.history}\n`,
    );
  }
  if (findings.length === 0) return;
  process.stdout.write(`seed ${seed} broke a promise:\n${findings.map((line) => `  ${line}\n`).join("")}`);
  process.stdout.write(`  again: npm run simulate -- ${replayOptions(seed, options)}\n`);
}

/** The options that replay a seed. */
function replayOptions(seed: number, { faulty, edges, gap, faults, plant }: Options): string {
  const given = [
    `--seed ${seed}`,
    ...(faulty === 30_000 ? [] : [`--faulty ${faulty}ms`]),
    ...(edges === 3 ? [] : [`--edges ${edges}`]),
    ...(gap === 1_000 ? [] : [`--gap ${gap}ms`]),
    ...(faults ?? []).map((kind) => `--faults ${kind}`),
    ...(plant === undefined ? [] : [`--plant ${plant}`]),
  ];
  return given.join(" ");
}

function speed(simulatedMs: number, startedMs: number): string {
  return `${(simulatedMs / (performance.now() - startedMs)).toFixed(0)}x`;
}
