/**
 * `npm run chaos`: a cluster of processes with sources that play, faults of every kind, and an audit of the store at the end.
 * Faults are drawn from a seed, but processes keep their own time: unlike a simulated run, this one cannot be replayed
 * exactly.
 */

import { FAULTS } from "./chaos/faults.js";
import type { ChaosOptions } from "./chaos/run-chaos.js";
import {
  Command,
  durationOption,
  listOf,
  Option,
  positiveInteger,
  positiveNumber,
  readArguments,
} from "./command-line.js";
import { runProgram, type ParsedProgram } from "./program.js";

const HELP_HINT = "Try npm run chaos -- --help";

await runProgram(parseChaos, HELP_HINT);

function parseChaos(args: readonly string[]): ParsedProgram {
  const command = new Command("chaos")
    .description("Kills, pauses and disconnects the processes of a running cluster, then audits its store.")
    .exitOverride()
    .showHelpAfterError(HELP_HINT)
    .option("--minutes <n>", "how long faults happen", positiveNumber, 2)
    .option("--edges <n>", "number of edge nodes, each with a source", positiveInteger, 3)
    .option("--seed <n>", "seed of the faults", positiveInteger, 1)
    .addOption(durationOption("--gap <duration>", "mean time between faults", 2_000, "2s"))
    .addOption(
      new Option("--faults <kind>", "a kind of fault to inject (repeatable; default: all)")
        .choices([...FAULTS])
        .argParser(listOf(FAULTS)),
    )
    .option("--keep", "keep the folder with stores, journals and logs", false)
    .addHelpText("after", "\nExit codes: 0 every promise kept, 1 a promise broken, 2 wrong usage.\n");
  const nothing = readArguments(command, args);
  if (nothing !== null) return nothing;
  return {
    run: async () => {
      const { runChaos } = await import("./chaos/run-chaos.js");
      return runChaos(command.opts<ChaosOptions>());
    },
  };
}
