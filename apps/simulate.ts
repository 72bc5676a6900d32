/**
 * `npm run simulate`: whole clusters under a virtual clock, with faults from a seed. A seed that breaks a promise is printed
 * with the command that replays it.
 */

import { readFile, writeFile } from "node:fs/promises";
import { parseScenario } from "../src/simulation/scenario.js";
import { addCounts, coverageLine } from "../src/simulation/coverage.js";
import { DROP_REASONS } from "../src/task/task.js";
import { FAULTS, type FaultKind } from "../src/simulation/fault-plan.js";
import { BUG_KINDS, type BugKind } from "../src/simulation/planted-bugs.js";
import { simulate, type SimulationReport } from "../src/simulation/simulation.js";
import {
  Command,
  durationOption,
  listOf,
  Option,
  positiveInteger,
  readArguments,
  readBy,
} from "./command-line.js";
import { createLiveLines } from "./live-lines.js";
import { runMutants, type Shard } from "./mutants.js";
import { runProgram, type ParsedProgram } from "./program.js";
import { out } from "./terminal.js";

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: number;
  readonly faulty?: number;
  readonly edges?: number;
  readonly gap?: number;
  readonly uniform: boolean;
  readonly faults?: readonly FaultKind[];
  readonly plant?: BugKind;
  readonly mutants?: readonly string[] | true;
  readonly shard?: Shard;
  readonly stopAtFirst: boolean;
  readonly coverage: boolean;
  readonly limit: number;
  readonly history: boolean;
  readonly record?: string;
  readonly replay?: string;
  readonly json: boolean;
}

const HELP_HINT = "Try npm run simulate -- --help";

await runProgram(parseSimulate, HELP_HINT);

function parseSimulate(args: readonly string[]): ParsedProgram {
  const command = new Command("simulate")
    .description("Simulates one cluster per seed, each with faults of its own, and audits what is stored.")
    .exitOverride()
    .showHelpAfterError(HELP_HINT)
    .option("--seeds <n>", "number of seeds", positiveInteger, 100)
    .option("--first <n>", "first seed", positiveInteger, 1)
    .option("--seed <n>", "run only this seed", positiveInteger)
    .option("--uniform", "one shape for all seeds; otherwise each draws what is not given here", false)
    .addOption(durationOption("--faulty <duration>", "simulated time with faults"))
    .option("--edges <n>", "number of edge nodes", positiveInteger)
    .addOption(durationOption("--gap <duration>", "mean time between faults"))
    .addOption(
      new Option("--faults <kind>", "a kind of fault to inject (repeatable; default: all)")
        .choices([...FAULTS])
        .argParser(listOf(FAULTS)),
    )
    .addOption(new Option("--plant <bug>", "a bug to plant, which must be found").choices([...BUG_KINDS]))
    .option(
      "--mutants [names]",
      "measure what the seeds find: plant bugs one at a time, all or those whose names begin so, with commas between",
      (text) => text.split(","),
    )
    .option(
      "--shard <part>",
      "with --mutants: one part of several, in one process",
      readBy(parseShard, "a part of several like 1/4"),
    )
    .addOption(durationOption("--limit <duration>", "with --mutants: time for each bug", 600_000, "600s"))
    .option("--history", "with --seed: print everything that happened, line by line", false)
    .option("--record <file>", "with --seed: write its shape, workload and faults as a scenario")
    .option("--replay <file>", "play a scenario, whatever seeds draw by now")
    .option("--stop-at-first", "end a seed as soon as it breaks a promise", false)
    .option("--coverage", "print at the end what the seeds have exercised, a line a dimension", false)
    .option("--json", "print one JSON object per seed, or with --mutants per bug", false)
    .addHelpText("after", "\nExit codes: 0 every promise kept, 1 a promise broken, 2 wrong usage.\n");
  const nothing = readArguments(command, args);
  return nothing ?? { run: () => run(command.opts<Options>()) };
}

function run(options: Options): Promise<number> {
  const { mutants, first, seeds, limit, shard = null, json } = options;
  if (mutants === undefined) return runSeeds(options);
  return runMutants({ first, seeds, only: mutants === true ? null : mutants, limitMs: limit, shard, json });
}

/** Of `INDEX/COUNT`, with an index from 1 to the count. @returns null for anything else */
function parseShard(text: string): Shard | null {
  const [index = 0, count = 0] = /^[0-9]+\/[0-9]+$/.test(text) ? text.split("/").map(Number) : [];
  return index < 1 || index > count ? null : { index, count };
}

/** What all seeds together have shown. */
interface Totals {
  simulatedMs: number;
  results: number;
  redelivered: number;
  /** Seeds that broke a promise. */
  broken: number;
  readonly exercised: Readonly<
    Record<"faults" | "messages" | "sources" | "drops" | "laws", Map<string, number>>
  >;
}

function exercise({ exercised }: Totals, { faults, coverage, gaps }: SimulationReport): void {
  for (const { kind } of faults) addCounts(exercised.faults, { [kind]: 1 });
  addCounts(exercised.messages, coverage.messages);
  addCounts(exercised.sources, coverage.phases);
  addCounts(exercised.drops, gaps);
  addCounts(exercised.laws, coverage.laws);
}

async function runSeeds(options: Options): Promise<number> {
  const scenario =
    options.replay === undefined ? null : parseScenario(await readFile(options.replay, "utf8"));
  const only = scenario?.seed ?? options.seed;
  const first = only ?? options.first;
  const last = only ?? options.first + options.seeds - 1;
  const live = process.stderr.isTTY ? createLiveLines(process.stderr) : null;
  const startedMs = performance.now();
  const exercised = {
    faults: new Map(),
    messages: new Map(),
    sources: new Map(),
    drops: new Map(),
    laws: new Map(),
  };
  const totals: Totals = { simulatedMs: 0, results: 0, redelivered: 0, broken: 0, exercised };
  for (let seed = first; seed <= last; seed++) {
    const report = await simulate({
      seed,
      scenario,
      swarm: !options.uniform,
      ...(options.faulty !== undefined && { faultyMs: options.faulty }),
      ...(options.edges !== undefined && { edges: options.edges }),
      ...(options.gap !== undefined && { meanGapMs: options.gap }),
      bug: options.plant ?? null,
      keepHistory: options.history && options.seed !== undefined,
      stopAtFirst: options.stopAtFirst,
      ...(options.faults && { faults: options.faults }),
    });
    const broken = report.findings.length > 0;
    if (options.record !== undefined) await record(options.record, report);
    totals.simulatedMs += report.simulatedMs;
    totals.results += report.results;
    totals.redelivered += report.redelivered;
    totals.broken += broken ? 1 : 0;
    exercise(totals, report);
    live?.show(`seed ${seed} of ${last}: ${totals.broken} broken, ${speed(totals, startedMs)} real time`);
    if (broken || options.seed !== undefined || options.json) live?.clear();
    print(report, options);
  }
  live?.clear();
  // A history is the same each time, and this line tells how long it took.
  if (!options.json && !(options.history && options.seed !== undefined)) {
    out.line(
      `${last - first + 1} seeds, ${(totals.simulatedMs / 1_000).toFixed(0)} s at ${speed(totals, startedMs)} real time: ` +
        `${totals.results} results, ${totals.redelivered} redeliveries, ${totals.broken} seeds broke a promise`,
    );
  }
  if (options.coverage) {
    out.line(coverageLine("faults", exercised.faults, FAULTS.length));
    out.line(coverageLine("messages", exercised.messages, null));
    out.line(coverageLine("states of sources", exercised.sources, null));
    out.line(coverageLine("laws put to the test", exercised.laws, null));
    out.line(coverageLine("reasons of drops", exercised.drops, DROP_REASONS.length));
  }
  return totals.broken === 0 ? 0 : 1;
}

function print(report: SimulationReport, options: Options): void {
  const { seed, lines, faults, findings, coverage, scenario: _, ...rest } = report;
  if (options.json) {
    out.json({ seed, ...rest, faults: faults.length, laws: coverage.laws, findings });
    return;
  }
  for (const line of lines) out.lines(line);
  if (options.seed !== undefined) {
    out.line(
      `seed ${seed}: ${rest.results} results, ${rest.redelivered} redeliveries, gaps ${JSON.stringify(rest.gaps)}, ` +
        `${faults.length} faults in ${(rest.simulatedMs / 1_000).toFixed(1)} s, history ${rest.history}`,
    );
  }
  if (findings.length === 0) return;
  out.lines([`seed ${seed} broke a promise:`, ...findings.map((line) => `  ${line}`)].join("\n"));
  out.line(`  replay: npm run simulate -- ${replayOptions(seed, options)}`);
}

/** Writes the run as a scenario: what it is about is for whoever keeps it to say. */
async function record(file: string, { seed, scenario, findings }: SimulationReport): Promise<void> {
  const about = findings[0] ?? `seed ${seed}`;
  await writeFile(file, `${JSON.stringify({ about, ...scenario }, null, 2)}\n`);
}

/** The options that replay a seed. */
function replayOptions(
  seed: number,
  { replay, uniform, faulty, edges, gap, faults, plant }: Options,
): string {
  if (replay !== undefined) return `--replay ${replay}`;
  const given = [
    `--seed ${seed}`,
    ...(uniform ? ["--uniform"] : []),
    ...(faulty === undefined ? [] : [`--faulty ${faulty}ms`]),
    ...(edges === undefined ? [] : [`--edges ${edges}`]),
    ...(gap === undefined ? [] : [`--gap ${gap}ms`]),
    ...(faults ?? []).map((kind) => `--faults ${kind}`),
    ...(plant === undefined ? [] : [`--plant ${plant}`]),
  ];
  return given.join(" ");
}

function speed({ simulatedMs }: Totals, startedMs: number): string {
  return `${(simulatedMs / (performance.now() - startedMs)).toFixed(0)}x`;
}
