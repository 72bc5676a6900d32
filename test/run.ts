/** Runs all compiled test files, and is strict where uvu is not: `--help` tells more. */

import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tally } from "./adversary/kit/tally.js";
import { createOpens } from "./runner/opens.js";
import { isLeftToGate, leftOutText } from "./runner/campaigns.js";
import type { FileResult } from "./runner/file-result.js";
import { HELP, parseOptions, type RunnerOptions } from "./runner/options.js";
import { groupsOf, readDurations, writeDurations } from "./runner/order.js";
import { showProgress } from "./runner/progress.js";
import { createRoom, thisMachine } from "./runner/room.js";
import type { TestFile } from "./runner/run-file.js";
import { runFiles, startGroup } from "./runner/run-files.js";
import { problemText, seconds, slowestText, totalsText } from "./runner/summary.js";

const root = fileURLToPath(new URL(".", import.meta.url));
const sources = join(root, "../../test");
const durationsFile = join(sources, "durations.json");
/** Where programs keep what they are not told to keep elsewhere: tests leave none of it in the checkout. */
const kept = join(root, "../../.sluice");

process.exitCode = await main();

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), availableParallelism());
  if (parsed.type === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (parsed.type === "wrong") {
    process.stderr.write(`error: ${parsed.message}\nTry --help\n`);
    return 2;
  }
  const { options } = parsed;
  const { files, leftOut } = filesFor(options);
  if (files.length === 0) {
    process.stderr.write(`error: No test file has one of these in its name: ${options.parts.join(" ")}\n`);
    return 2;
  }
  const notRun = leftOutText(leftOut.map(({ name }) => name));
  if (!options.list) return run(files, notRun, options);
  for (const { name } of files) console.log(name);
  if (notRun !== "") console.error(notRun);
  return 0;
}

/** What is asked for, and what that leaves out. */
function filesFor({ parts, all }: RunnerOptions): Record<"files" | "leftOut", readonly TestFile[]> {
  const found = filesWith(parts);
  if (all || parts.length > 0) return { files: found, leftOut: [] };
  const durations = readDurations(durationsFile);
  const leftOut = found.filter(({ name }) => isLeftToGate(name, durations));
  return { files: found.filter((file) => !leftOut.includes(file)), leftOut };
}

function filesWith(parts: readonly string[]): readonly TestFile[] {
  return (
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.js"))
      // What an earlier build left behind of a test that is no more.
      .filter((name) => existsSync(join(sources, name.replace(/\.js$/, ".ts"))))
      .filter((name) => parts.length === 0 || parts.some((part) => name.includes(part)))
      .sort()
      .map((name) => ({ name, path: join(root, name) }))
  );
}

async function run(
  files: readonly TestFile[],
  notRun: string,
  { jobs, record }: RunnerOptions,
): Promise<number> {
  let interrupted = false;
  const hadKept = existsSync(kept);
  const startedMs = performance.now();
  const room = createRoom(thisMachine(availableParallelism()), jobs);
  const all = runFiles(
    groupsOf(files, readDurations(durationsFile), createOpens()),
    startGroup,
    room,
    (result) => {
      if (!interrupted) progress.ended(result);
    },
  );
  const progress = showProgress(files.length, () => all.running());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      interrupted = true;
      for (const { name, startedMs: since } of all.running())
        console.log(`Cut off after ${seconds(performance.now() - since)}: ${name}`);
      all.stop();
    });
  }
  const results = await all.results;
  progress.stop();
  if (interrupted) return 130;
  for (const result of results) if (result.problem !== null) console.log(problemText(result));
  console.log(`\n${slowestText(results)}\n\n${totalsText(results, performance.now() - startedMs)}`);
  if (notRun !== "") console.log(notRun);
  const leftKept = !hadKept && existsSync(kept);
  if (leftKept) console.log(`A test has left "${kept}": name folders of its own`);
  await reportAttacks(results);
  if (record) writeDurations(durationsFile, results);
  const good = results.every(({ problem }) => problem === null) && results.some(({ passed }) => passed > 0);
  return good && !leftKept ? 0 : 1;
}

/** What the attacks of all files came to together, where any were played. */
async function reportAttacks(results: readonly FileResult[]): Promise<void> {
  const { TALLY_MARK, tallyText } = await import("./adversary/kit/tally.js");
  const tallies = results
    .flatMap(({ output }) => output.split("\n"))
    .filter((line) => line.startsWith(TALLY_MARK))
    // Our own test files wrote them.
    .map((line) => JSON.parse(line.slice(TALLY_MARK.length)) as Tally);
  if (tallies.length > 0) console.log(`\n${tallyText(tallies)}`);
}
