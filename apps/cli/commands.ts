/** The command line of `sluice`: each command reads its options here and is loaded only to run. */

import { hostname } from "node:os";
import { createPolicies } from "../../src/actors/scheduler/policies.js";
import type { Operator } from "../../src/actors/operator.js";
import {
  Command,
  listOf,
  logLevelOption,
  notEmpty,
  Option,
  positiveInteger,
  positiveNumber,
  readArguments,
  readBy,
  UsageError,
  type NothingToRun,
} from "../command-line.js";
import type { AuditCommand } from "./audit.js";
import type { HubCommand } from "./hub.js";
import { DEFAULT_STORE, findHub, readOperator } from "./hub-folder.js";
import type { JoinCommand } from "./join.js";
import type { ResultsCommand } from "./results.js";
import type { RunCommand } from "./run.js";
import type { TokenCreateCommand } from "./token.js";
import { parseDuration, parseHostPort, parseSince } from "./units.js";

export type ParsedSluice = { readonly run: () => Promise<number> } | NothingToRun;

const duration = readBy(parseDuration, "a duration like 90s, 15m, 24h or 30d");
const since = readBy((text) => parseSince(text, Date.now()), "a time like 2026-01-31T12:00:00Z, or 10m ago");

const EXAMPLES = `
Examples:
  sluice hub --listen 127.0.0.1:7000 --store results
  sluice join ws://127.0.0.1:7000 --name edge-1 --token ID.SECRET
  sluice run --pipeline pipeline.yaml --source video.mp4 --on edge-1
  sluice top
  sluice results --follow

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 left at the second Ctrl-C.
`;

/** @param version of this program */
export function parseSluice(args: readonly string[], version: string): ParsedSluice {
  const chosen: { run: (() => Promise<number>) | null } = { run: null };
  const choose = (run: () => Promise<number>): void => void (chosen.run = run);
  const program = new Command("sluice")
    .description("Stream analytics over a cluster of cloud and edge nodes.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError("Try sluice --help")
    .addHelpText("after", EXAMPLES);
  addHub(program, choose, version);
  addJoin(program, choose, version);
  addTokens(program, choose);
  addOperator(program, choose);
  for (const command of allOf(program)) {
    command.exitOverride().allowExcessArguments(false).helpOption("-h, --help", "show this help");
    command.showHelpAfterError(`Try ${nameOf(command)} --help`);
  }
  const nothing = readArguments(program, args);
  if (nothing !== null) return nothing;
  if (chosen.run !== null) return { run: chosen.run };
  // Without a command commander has shown the help already; a group without its verb comes here.
  program.outputHelp({ error: true });
  return { exitCode: 2 };
}

function allOf(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allOf(child)]);
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

type Choose = (run: () => Promise<number>) => void;

function addHub(program: Command, choose: Choose, version: string): void {
  program
    .command("hub")
    .description("Starts the cloud node: it takes other nodes in, schedules, and stores what they find.")
    .option("--listen <host:port>", "where others join; wss://HOST:PORT with a certificate", "127.0.0.1:7000")
    .option("--store <dir>", "folder of the results, or memory:", notEmpty, DEFAULT_STORE)
    .option("--name <name>", "name of this node", notEmpty, "cloud")
    .option("--cluster <name>", "name of the cluster", notEmpty, "sluice")
    .option("--model-dir <dir>", "folder of the ONNX models that pipelines name", notEmpty)
    .option("--journal <dir>", "as of join (default: STORE.journal)", notEmpty)
    .option("--tls-cert <file>", "certificate, PEM", notEmpty)
    .option("--tls-key <file>", "its key, PEM", notEmpty)
    .option(
      "--token-ttl <duration>",
      "how long new nodes may join with the token it prints",
      duration,
      86_400_000,
    )
    .addOption(logLevelOption("error").default("error"))
    .addHelpText("after", "\nIts tokens are in STORE.cluster, beside the store.\n")
    .action((given: Omit<HubCommand, "version">) => {
      const secure = given.tlsCert !== undefined;
      const listen = parseHostPort(given.listen, secure);
      if (listen === null) throw wrongAddress("--listen", given.listen);
      choose(async () => {
        const { hub } = await import("./hub.js");
        return hub({ ...given, modelDir: given.modelDir ?? null, listen, version });
      });
    });
}

function addJoin(program: Command, choose: Choose, version: string): void {
  program
    .command("join")
    .argument("<url>", "of the hub: ws://HOST:PORT or wss://HOST:PORT")
    .description(
      "Joins this machine to a cluster as an edge node. It dials out, so a firewall may stay shut.",
    )
    .option("--name <name>", "name of this node (default: the machine's)", notEmpty)
    .option(
      "--token <token>",
      "ID.SECRET, made by the hub; better in the environment as SLUICE_TOKEN",
      notEmpty,
    )
    .option("--token-file <file>", "file with the token", notEmpty)
    .option(
      "--listen <host:port>",
      "where other nodes may dial this one, instead of through the hub",
      notEmpty,
    )
    .option("--retry", "keep trying where the hub cannot be reached", false)
    .option("--tls-ca <file>", "certificate authority of the hub's certificate, PEM", notEmpty)
    .option("--cluster <name>", "join no cluster of another name", notEmpty)
    .option(
      "--journal <dir>",
      "folder in which what its sources have under way outlives a crash, or memory: (default: .sluice/journal/NAME)",
      notEmpty,
    )
    .option("--model-dir <dir>", "folder of the ONNX models that pipelines name", notEmpty)
    .addOption(logLevelOption("error").default("error"))
    .action((url: string, given: Omit<JoinCommand, "version" | "url">) => {
      const hub = parseHostPort(url, false);
      if (hub === null || !/^wss?:/.test(url)) throw wrongAddress("the hub's address", url);
      const listen = given.listen === undefined ? undefined : parseHostPort(given.listen, false);
      if (listen === null) throw wrongAddress("--listen", given.listen ?? "");
      const name = given.name ?? hostname().replaceAll(/[^A-Za-z0-9_.-]+/g, "-");
      const { listen: _, ...rest } = given;
      choose(async () => {
        const { join } = await import("./join.js");
        return join({
          ...rest,
          url: hub,
          name,
          version,
          modelDir: given.modelDir ?? null,
          ...(listen !== undefined && { listen }),
        });
      });
    });
}

function addTokens(program: Command, choose: Choose): void {
  const tokens = program
    .command("token")
    .description("Makes, lists and revokes the tokens that nodes join with.");
  tokens
    .command("create")
    .description("Prints a new token, which is shown this once.")
    .addOption(
      new Option(
        "--role <role>",
        "edge, cloud or operator: what its holder may be; may be given more than once",
      )
        .argParser(listOf(["edge", "cloud", "operator"]))
        .default(["edge"], "edge"),
    )
    .addOption(
      new Option("--grant <grant>", "what its holder may do beyond that: spawn, actors on other nodes")
        .argParser(listOf(["spawn"]))
        .default([], "none"),
    )
    .option("--ttl <duration>", "how long new nodes may join with it", duration, 15 * 60_000)
    .option("--single", "for one node alone", false)
    .option("--label <text>", "what it is for", notEmpty)
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((given: Omit<TokenCreateCommand, "label"> & { readonly label?: string }) => {
      choose(async () => {
        const { tokenCreate } = await import("./token.js");
        return tokenCreate({ ...given, label: given.label ?? null });
      });
    });
  tokens
    .command("list")
    .description("Lists the tokens of a hub, and who has joined with each.")
    .option("--json", "as one JSON array", false)
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((given: { readonly store: string; readonly json: boolean }) =>
      choose(async () => {
        const { tokenList } = await import("./token.js");
        return tokenList(given);
      }),
    );
  tokens
    .command("revoke")
    .argument("<id>", "what stands before the dot of the token")
    .description("Lets nobody join with a token any more, and puts out who has.")
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((id: string, given: { readonly store: string }) =>
      choose(async () => {
        const { tokenRevoke } = await import("./token.js");
        return tokenRevoke({ ...given, id: id.split(".")[0] ?? id });
      }),
    );
}

interface OperatorFlags {
  readonly store: string;
  readonly hub?: string;
  readonly token?: string;
  readonly tlsCa?: string;
}

function addOperator(program: Command, choose: Choose): void {
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
    .option("--source <name>", "of this source alone", notEmpty)
    .option("--json", "as one JSON object", false)
    .addHelpText("after", "\nExit codes: 0 it adds up, 1 it does not, or failed, 2 wrong usage.\n")
    .action((given: OperatorFlags & AuditCommand & { readonly from?: string }) =>
      choose(async () => {
        const { auditFile, auditHub, auditStore } = await import("./audit.js");
        if (given.from !== undefined) return auditFile(given.from, given);
        if (given.hub === undefined && !(await runsHere(given.store))) return auditStore(given.store, given);
        return asOperator(given, (operator) => auditHub(operator, given));
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
  const { connectOperator } = await import("../../src/actors/operator.js");
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

function wrongAddress(what: string, got: string): UsageError {
  return new UsageError(`${what} must be HOST:PORT: got ${JSON.stringify(got)}`);
}
