/** The command of `sluice` that measures a running cluster. */

import { PROBE_LIMITS } from "../../src/task/synthetic.js";
import { notEmpty, Option, positiveInteger, positiveNumber, UsageError } from "../command-line.js";
import type { BenchCommand } from "./bench.js";
import type { OperatorCommands } from "./operator-command.js";
import type { OperatorFlags } from "./operator-connection.js";

export function addBench({ command, act }: OperatorCommands): void {
  command(
    "bench",
    "Measures a running cluster: round trips to each node, and synthetic tasks through a pipeline.",
  )
    .option("--source <name>", "tasks walk as those of this source do (default: round trips alone)", notEmpty)
    .option("--rate <n>", `tasks a second, at most ${PROBE_LIMITS.perSecondMax} (default: 5)`, positiveNumber)
    .option("--tasks <n>", `tasks in all, at most ${PROBE_LIMITS.tasksMax} (default: 50)`, positiveInteger)
    .addOption(
      new Option("--arrivals <how>", "when tasks are due (default: poisson)").choices([
        "constant",
        "poisson",
      ]),
    )
    .option(
      "--stop-at <percent>",
      "end where a node's processors are busier (default: 90; 100: never)",
      positiveNumber,
    )
    .option("--pings <n>", "round trips to each node, at most 1,000 (default: 20)", positiveInteger)
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      "\nThe tasks start at the hub and take places in queues as those of the source do.\n" +
        "They are no results: neither the store, retention and alarms nor policies know\n" +
        "of them. It ends by itself where the cluster is loaded; Ctrl-C prints what\n" +
        "there is.\n" +
        "\nExit codes: 0 all came through, 1 it ended before or a task was dropped,\n" +
        "2 wrong usage, 130 Ctrl-C.\n",
    )
    .action((given: OperatorFlags & BenchCommand) => {
      const { rate = 1, tasks = 1, stopAt = 1, pings = 1 } = given;
      const wrong =
        rate > PROBE_LIMITS.perSecondMax || tasks > PROBE_LIMITS.tasksMax || stopAt > 100 || pings > 1_000;
      if (wrong)
        throw new UsageError("--rate, --tasks, --stop-at or --pings is too large: see sluice bench --help");
      act(
        given,
        () => import("./bench.js"),
        ({ bench }, operator) => bench(operator, given),
      );
    });
}
