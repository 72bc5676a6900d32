/** The commands of `sluice` that ask and order the nodes of a cluster. */

import type { Operator } from "../../src/operator/operator.js";
import { createPolicies } from "../../src/actors/scheduler/policies.js";
import { type Command, notEmpty, Option, positiveInteger, positiveNumber, readBy } from "../command-line.js";
import type { AuditCommand } from "./audit.js";
import { DEFAULT_STORE, findHub, readOperator } from "./hub-folder.js";
import type { ResultsCommand } from "./results.js";
import type { RunCommand } from "./run.js";
import { parseSince } from "./units.js";

/** Takes what a command is to do once the command line has been read. */
export type Choose = (run: () => Promise<number>) => void;

const since = readBy((text) => parseSince(text, Date.now()), "a time like 2026-01-31T12:00:00Z, or 10m ago");

interface OperatorFlags {
  readonly store: string;
  readonly hub?: string;
  readonly token?: string;
  readonly tlsCa?: string;
}

/** Adds the commands that ask and order the nodes of a cluster. */
export function addOperator(program: Command, choose: Choose): void {
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .optionsGroup("Which hub:")
      .option("--store <dir>", "store of a hub that runs on this machine", notEmpty, DEFAULT_STORE)
      .addOption(new Option("--hub <url>", "address of a hub elsewhere").env("SLUICE_HUB"))
      .addOption(new Option("--token <token>", "of the role operator").env("SLUICE_TOKEN"))
      .option("--tls-ca <file>", "certificate authority of the hub's certificate, PEM", notEmpty)
      .optionsGroup("Options:");

  command("nodes", "Shows the nodes of the cluster.")
    .option("--json", "as one JSON array", false)
    .option("--all", "operators too", false)
    .action((given: OperatorFlags & { readonly json: boolean; readonly all: boolean }) =>
      choose(async () => {
        const { nodes } = await import("./nodes.js");
        return asOperator(given, (operator) => nodes(operator, given));
      }),
    );

  command("run", "Starts a source on a node and follows it to its end.")
    .requiredOption("--pipeline <file>", "stages as YAML", notEmpty)
    .requiredOption(
      "--source <source>",
      "FILE as that node sees it, rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=S",
      notEmpty,
    )
    .requiredOption("--on <node>", "the node beside the source", notEmpty)
    .option("--id <name>", "name of the source (default: after the file or host)", notEmpty)
    .option("--detach", "return once it runs", false)
    .option("--realtime", "play a file at its own speed", false)
    .option("--limit <n>", "end after so many tasks", positiveInteger)
    .option("--fps <n>", "frames per second of source time, up to 240", positiveNumber)
    .option("--resolution <WxH>", "size to scale frames to, in pixels")
    .option("--frames-per-task <n>", "frames in one task, 1 to 256", positiveInteger)
    .addOption(new Option("--encoding <encoding>", "how frames travel").choices(["rgb", "jpeg"]))
    .option("--quality <n>", "of jpeg, 1 to 100", positiveInteger)
    .addOption(
      new Option("--policy <name>", "where stages run, instead of the pipeline's policy").choices([
        ...createPolicies().keys(),
      ]),
    )
    .action((given: OperatorFlags & Omit<RunCommand, "limit"> & { readonly limit?: number }) =>
      choose(async () => {
        const { run } = await import("./run.js");
        return asOperator(given, (operator) => run(operator, { ...given, limit: given.limit ?? null }));
      }),
    );

  command("results", "Prints what was found, from a hub or, where none runs, from its store.")
    .option("--source <name>", "of this source alone", notEmpty)
    .option("--since <time>", "stored since: 2026-01-31T12:00:00Z, or 10m ago", since)
    .option("--limit <n>", "at most so many", positiveInteger)
    .option("--follow", "go on with what is stored from now on", false)
    .option("--json", "one JSON object a line", false)
    .option("--export <file>", "into a file of NDJSON instead, compressed where it ends in .gz", notEmpty)
    .action((given: OperatorFlags & Omit<ResultsCommand, "limit"> & { readonly limit?: number }) =>
      choose(async () => {
        const { resultsFromHub, resultsFromStore } = await import("./results.js");
        const asked = { ...given, limit: given.limit ?? Number.POSITIVE_INFINITY };
        if (given.hub === undefined && !given.follow && !(await runsHere(given.store))) {
          return resultsFromStore(given.store, asked);
        }
        return asOperator(given, (operator) => resultsFromHub(operator, asked));
      }),
    );

  command("audit", "Proves from what is stored that nothing was lost, and nothing took effect twice.")
    .option("--from <file>", "an exported run instead: NDJSON, compressed where it ends in .gz", notEmpty)
    .option("--key <file>", "of the store that the exported run is of: STORE.audit-key", notEmpty)
    .option("--source <name>", "of this source alone", notEmpty)
    .option("--task <id>", "the history of one task: SOURCE/INCARNATION/SEQUENCE", notEmpty)
    .option("--json", "as one JSON object", false)
    .addHelpText("after", "\nExit codes: 0 it adds up, 1 it does not, or failed, 2 wrong usage.\n")
    .action((given: OperatorFlags & AuditCommand & { readonly from?: string; readonly key?: string }) =>
      choose(async () => {
        const { auditFile, auditHub, auditStore } = await import("./audit.js");
        if (given.from !== undefined) return auditFile(given.from, given);
        if (given.hub === undefined && !(await runsHere(given.store))) return auditStore(given.store, given);
        return asOperator(given, (operator) => auditHub(operator, given));
      }),
    );

  command("drain", "Has a node finish what it has, and leave: no task is lost, and none delivered again.")
    .argument("<node>", "its name")
    .action((node: string, given: OperatorFlags) =>
      choose(async () => {
        const { drain } = await import("./drain.js");
        return asOperator(given, (operator) => drain(operator, node));
      }),
    );

  command("top", "Shows nodes, queues, routes and rates, once a second.")
    .option("--once", "print it one time", false)
    .action((given: OperatorFlags & { readonly once: boolean }) =>
      choose(async () => {
        const { top } = await import("./top.js");
        return asOperator(given, (operator) => top(operator, given));
      }),
    );
}

/** Whether a hub of this store runs on this machine. */
async function runsHere(store: string): Promise<boolean> {
  return (await readOperator(store)) !== null;
}

/** Connects to the hub that `flags` mean, and leaves it afterwards. */
async function asOperator(
  flags: OperatorFlags,
  work: (operator: Operator) => Promise<number>,
): Promise<number> {
  const { readNamed } = await import("./files.js");
  const authorities =
    flags.tlsCa === undefined ? null : await readNamed(flags.tlsCa, "--tls-ca", "connect-failed");
  const { url, token, authorities: known } = await findHub({ ...flags, authorities });
  const { connectOperator } = await import("../../src/operator/operator.js");
  const trusted = authorities ?? known;
  const operator = await connectOperator({
    hub: url,
    token: token === "" ? null : token,
    ...(trusted !== null && { authorities: trusted }),
  });
  try {
    return await work(operator);
  } finally {
    await operator.close();
  }
}
