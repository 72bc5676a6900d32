/** The commands of `sluice` that act on a running cluster. */

import type { Operator } from "../../src/operator/operator.js";
import {
  addCaptureOptions,
  another,
  type Command,
  durationOption,
  notEmpty,
  Option,
  paramOption,
  POLICY_HELP,
  positiveInteger,
  readBy,
  UsageError,
} from "../command-line.js";
import type { ActorsCommand } from "./actors.js";
import type { AlarmsCommand } from "./alarms.js";
import type { AuditCommand } from "./audit.js";
import { addBench } from "./bench-command.js";
import type { ExplainCommand } from "./explain.js";
import type { LogCommand } from "./log.js";
import { operatorCommands, type Choose, type OperatorCommands } from "./operator-command.js";
import type { ProfileCommand } from "./profile.js";
import { asOperator, connect, fromHubOrStore, type OperatorFlags } from "./operator-connection.js";
import type { ResultsCommand } from "./results.js";
import type { RunCommand } from "./run-source.js";
import { addSteering } from "./steering-commands.js";
import { parseSince } from "./units.js";

const since = readBy(
  (text) => parseSince(text, Date.now()),
  "a time like 2026-01-31T12:00:00Z, or an age like 10m",
);

/** Adds the commands that act on a running cluster. */
export function addOperator(program: Command, choose: Choose): void {
  const commands = operatorCommands(program, choose);
  addNodes(commands);
  addRun(commands);
  addSteering(commands);
  addResults(commands);
  addAudit(commands);
  addDrain(commands);
  addFree(commands);
  addExplain(commands);
  addProfile(commands);
  addTop(commands);
  addLog(commands);
  addAlarms(commands);
  addActors(commands);
  addBench(commands);
}

function addNodes({ command, act, choose }: OperatorCommands): void {
  const shown = command("nodes", "Shows the nodes of the cluster.");
  shown
    .command("forget")
    .description("Frees the name of a node, so that another one may join under it.")
    .argument("<node>", "name of the node")
    .action((node: string) =>
      choose(async () => {
        const { forgetNode } = await import("./forget-node.js");
        return forgetNode(shown.opts<OperatorFlags>(), node);
      }),
    );
  shown
    .option("--json", "print one JSON array", false)
    .option("--all", "include operators", false)
    .action((given: OperatorFlags & { readonly json: boolean; readonly all: boolean }) =>
      act(
        given,
        () => import("./nodes.js"),
        ({ nodes }, operator) => nodes(operator, given),
      ),
    );
}

function addLog({ command, choose }: OperatorCommands): void {
  command("log", "Tells what a stored run of a source was like: percentiles, drops and plans over time.")
    .argument("<source>", "name of the source")
    .option(
      "--from <time>",
      "stored since a time (2026-01-31T12:00:00Z) or at most this long ago (10m)",
      since,
    )
    .option("--to <time>", "stored before a time, or at least this long ago", since)
    .option("--json", "print one JSON object", false)
    .option("--html <file>", "write one page with plots to a file instead", notEmpty)
    .addHelpText("after", "\nReads a running hub, or else its store.\n")
    .action((source: string, given: OperatorFlags & LogCommand) =>
      choose(async () => {
        const { log, logFromStore } = await import("./log.js");
        return fromHubOrStore(
          given,
          (operator) => log(operator, source, given),
          () => logFromStore(given.store, source, given),
        );
      }),
    );
}

function addAlarms({ command, act }: OperatorCommands): void {
  command("alarms", "Shows the alarms that are raised now; their rules are in the hub's configuration.")
    .option("--ack <rule>", "say that the alarms of this rule are known", notEmpty)
    .option("--about <name>", "of these, the one about this source or node alone", notEmpty)
    .option("--json", "print one JSON array", false)
    .action((given: OperatorFlags & AlarmsCommand) =>
      act(
        given,
        () => import("./alarms.js"),
        ({ alarms }, operator) => alarms(operator, given),
      ),
    );
}

function addActors({ command, act }: OperatorCommands): void {
  command("actors", "Shows the actors of a node, what waits for each, and the messages that nobody took.")
    .argument("[node]", "name of the node; without it the hub")
    .option("--json", "print one JSON object", false)
    .action((node: string | undefined, given: OperatorFlags & ActorsCommand) =>
      act(
        given,
        () => import("./actors.js"),
        ({ actors }, operator) => actors(operator, node ?? null, given),
      ),
    );
}

function addRun({ command, act }: OperatorCommands): void {
  const run = command("run", "Starts a source on a node, or on one of several, and follows it until it ends.")
    .requiredOption("--pipeline <file>", "pipeline file (YAML)", notEmpty)
    .requiredOption(
      "--source <source>",
      "FILE or loop:FILE (a path on that node), rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=S",
      notEmpty,
    )
    .requiredOption(
      "--on <nodes>",
      'node that reads the source; of several (edge-1,edge-2) or "any" one does, and another one where it is gone',
      notEmpty,
    )
    .addOption(
      new Option("--choose <how>", "which of several nodes reads the source")
        .choices(Object.keys(CHOICES))
        .default("fixed"),
    )
    .option("--id <name>", "name of the source (default: from its file or host)", notEmpty)
    .option("--detach", "exit once the source is running", false)
    .option("--realtime", "play a file at normal speed", false)
    .option("--limit <n>", "stop after this many tasks", positiveInteger)
    .option(
      "--services <file>",
      "module with services of your own that the pipeline uses; repeatable",
      another,
    );
  addCaptureOptions(run)
    .option("--policy <name>", "policy instead of the pipeline's, built in or the hub's own", notEmpty)
    .addOption(paramOption())
    .addHelpText("after", POLICY_HELP)
    .action((given: OperatorFlags & RunFlags) =>
      act(
        given,
        () => import("./run-source.js"),
        ({ runSource }, operator) =>
          runSource(operator, { ...given, limit: given.limit ?? null, choose: CHOICES[given.choose] }),
      ),
    );
}

/** As they are said in a terminal. */
const CHOICES = { fixed: "fixed", random: "random", "least-loaded": "leastLoaded" } as const;

type RunFlags = Omit<RunCommand, "limit" | "choose"> & {
  readonly limit?: number;
  readonly choose: keyof typeof CHOICES;
};

type ResultsFlags = Omit<ResultsCommand, "limit"> & { readonly last?: number; readonly limit?: number };

function addResults({ command, choose }: OperatorCommands): void {
  command("results", "Prints results from a running hub, or else straight from its store.")
    .option("--source <name>", "only this source", notEmpty)
    .option(
      "--since <time>",
      "stored since a time (2026-01-31T12:00:00Z) or at most this long ago (10m)",
      since,
    )
    .option("--label <text>", 'only what found this: "car", "red" or "car red"', notEmpty)
    .option("--last <n>", "print the newest of them, at most this many", positiveInteger)
    .option("--limit <n>", "print at most this many", positiveInteger)
    .option("--oldest-first", "print the oldest first instead of the newest", false)
    .option("--follow", "keep printing results as they are stored", false)
    .option("--json", "print one JSON object per line", false)
    .option("--export <file>", "write NDJSON to a file instead, compressed if its name ends in .gz", notEmpty)
    .addHelpText("after", "\nThe newest come first, except with --follow and --export.\n")
    .action((given: OperatorFlags & ResultsFlags) => {
      const { last, limit } = given;
      if (last !== undefined && (given.follow || given.oldestFirst || given.export !== undefined)) {
        throw new UsageError(
          "--last goes from the newest back, which --follow, --export and --oldest-first do not",
        );
      }
      const asked = { ...given, limit: Math.min(last ?? Infinity, limit ?? Infinity) };
      choose(async () => {
        const { resultsFromHub, resultsFromStore } = await import("./results.js");
        const fromHub = (operator: Operator): Promise<number> => resultsFromHub(operator, asked);
        if (given.follow) return asOperator(given, fromHub);
        return fromHubOrStore(given, fromHub, () => resultsFromStore(given.store, asked));
      });
    });
}

function addAudit({ command, choose }: OperatorCommands): void {
  command("audit", "Checks in the stored records that no task was lost and none took effect twice.")
    .option(
      "--from <file>",
      "check an exported NDJSON file instead, compressed if its name ends in .gz",
      notEmpty,
    )
    .option("--key <file>", "key of the store that was exported: STORE.audit-key", notEmpty)
    .option("--source <name>", "only this source", notEmpty)
    .option("--task <id>", "show the history of one task: SOURCE/INCARNATION/SEQUENCE", notEmpty)
    .option("--ended", "every source has ended: one that nothing says so of is a finding", false)
    .option("--json", "print one JSON object", false)
    .addHelpText("after", "\nExit codes: 0 the records add up, 1 they do not, or failure, 2 wrong usage.\n")
    .action((given: OperatorFlags & AuditCommand & { readonly from?: string; readonly key?: string }) =>
      choose(async () => {
        const { auditFile, auditHub, auditStore } = await import("./audit.js");
        if (given.from !== undefined) return auditFile(given.from, given);
        return fromHubOrStore(
          given,
          (operator) => auditHub(operator, given),
          () => auditStore(given.store, given),
        );
      }),
    );
}

function addDrain({ command, act }: OperatorCommands): void {
  command("drain", "Lets a node finish its tasks and leave the cluster. No task is lost or delivered twice.")
    .argument("<node>", "name of the node")
    .action((node: string, given: OperatorFlags) =>
      act(
        given,
        () => import("./drain.js"),
        ({ drain }, operator) => drain(operator, node),
      ),
    );
}

function addFree({ command, act }: OperatorCommands): void {
  command("free", "Frees the name of a source, or a version of a pipeline, for another node.")
    .argument("<name>", "of the source, or PIPELINE@VERSION")
    .action((name: string, given: OperatorFlags) =>
      act(
        given,
        () => import("./free.js"),
        ({ free }, operator) => free(operator, name),
      ),
    );
}

function addProfile({ command, act }: OperatorCommands): void {
  command("profile", "Prints what each stage of a source took on each node, as a policy reads it: JSON.")
    .argument("<source>", "its name")
    .addOption(durationOption("--since <duration>", "results not older than this (default: all)"))
    .action((source: string, given: OperatorFlags & ProfileCommand) =>
      act(
        given,
        () => import("./profile.js"),
        ({ profile }, operator) => profile(operator, source, given),
      ),
    );
}

function addExplain({ command, act }: OperatorCommands): void {
  command("explain", "Tells how the plan of a source has changed, and why, in words and numbers.")
    .argument("<source>", "its name")
    .addOption(durationOption("--since <duration>", "changes not older than this (default: all remembered)"))
    .option("--shadow", "what the policy beside it would do, and what is expected of both", false)
    .option("--json", "print one JSON object", false)
    .action((source: string, given: OperatorFlags & ExplainCommand) =>
      act(
        given,
        () => import("./explain.js"),
        ({ explain }, operator) => explain(operator, source, given),
      ),
    );
}

function addTop({ command, choose }: OperatorCommands): void {
  command("top", "Shows nodes, queues, stages and sources, updated every second.")
    .option("--once", "print once and exit", false)
    .action((given: OperatorFlags & { readonly once: boolean }) =>
      choose(async () => {
        const { top } = await import("./top.js");
        return top(() => connect(given), given);
      }),
    );
}
