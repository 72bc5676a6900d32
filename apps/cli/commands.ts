/** The command line of `sluice`: each command reads its options here, and is loaded only once it is to run. */

import { hostname } from "node:os";
import {
  another,
  Command,
  durationOption,
  listOf,
  logLevelOption,
  notEmpty,
  Option,
  positiveInteger,
  positiveSize,
  readArguments,
  UsageError,
} from "../command-line.js";
import type { ParsedProgram } from "../program.js";
import type { HubCommand } from "./hub-command.js";
import { DEFAULT_STORE } from "./hub-folder.js";
import { HUB_DEFAULTS } from "./hub-defaults.js";
import type { JoinCommand } from "./join.js";
import type { Choose } from "./operator-command.js";
import { addOperator } from "./operator-commands.js";
import { addModels } from "./model-commands.js";
import type { TokenCreateCommand } from "./token.js";
import { parseHostPort } from "./units.js";
import { SOURCE_KINDS } from "../../src/actors/generator/source-policy.js";
import { fileNamePart } from "../../src/runtime/safe-text.js";

const EXAMPLES = `
Examples:
  sluice hub --listen 127.0.0.1:7000 --store results
  SLUICE_TOKEN=ID.SECRET sluice join ws://127.0.0.1:7000 --name edge-1
  sluice run --pipeline pipeline.yaml --source video.mp4 --on edge-1
  sluice top
  sluice results --follow

Exit codes: 0 success, 1 failure, 2 wrong usage, 130 second Ctrl-C.
`;

/** Options for what operators may have this node open. */
function withSourcePolicy(command: Command): Command {
  return command
    .option(
      "--source-root <dir>",
      "folder below which operators may name files; repeatable (default: none)",
      another,
    )
    .option(
      "--source-host <host>",
      "host that operators may name, HOST or *.DOMAIN; repeatable (default: any)",
      another,
    )
    .addOption(
      new Option(
        "--source-kind <kind>",
        "what operators may name: rtsp, http, file, device, test; repeatable (default: all but device)",
      ).argParser(listOf(SOURCE_KINDS)),
    );
}

/** @param version of this program */
export function parseSluice(args: readonly string[], version: string): ParsedProgram {
  const chosen: { run: (() => Promise<number>) | null; isNode: boolean } = { run: null, isNode: false };
  const choose = (run: () => Promise<number>): void => void (chosen.run = run);
  const chooseNode = (run: () => Promise<number>): void => {
    chosen.run = run;
    chosen.isNode = true;
  };
  const program = new Command("sluice")
    .description("Stream analytics over a cluster of cloud and edge nodes.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError("Try sluice --help")
    .addHelpText("after", EXAMPLES);
  addHub(program, chooseNode, version);
  addJoin(program, chooseNode, version);
  addConfig(program, choose);
  addTokens(program, choose);
  addModels(program, choose);
  addOperator(program, choose);
  for (const command of allOf(program)) {
    command.exitOverride().allowExcessArguments(false).helpOption("-h, --help", "show this help");
    command.showHelpAfterError(`Try ${nameOf(command)} --help`);
  }
  const nothing = readArguments(program, args);
  if (nothing !== null) return nothing;
  if (chosen.run !== null) return { run: chosen.run, isNode: chosen.isNode };
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

function addHub(program: Command, choose: Choose, version: string): void {
  withSourcePolicy(program.command("hub"))
    .description(
      "Starts the cloud node, which other nodes join. It schedules the work and stores the results.",
    )
    .option(
      "--config <file>",
      "configuration file (YAML); sluice config prints one. SIGHUP reads it again",
      notEmpty,
    )
    .option(
      "--listen <host:port>",
      `address that other nodes join at; wss://HOST:PORT needs a certificate (default: ${HUB_DEFAULTS.listen})`,
    )
    .option("--store <dir>", `folder for the results, or memory: (default: ${HUB_DEFAULTS.store})`, notEmpty)
    .option("--name <name>", `name of this node (default: ${HUB_DEFAULTS.name})`, notEmpty)
    .option("--cluster <name>", `name of the cluster (default: ${HUB_DEFAULTS.cluster})`, notEmpty)
    .option("--model-dir <dir>", "folder with the ONNX models that pipelines use", notEmpty)
    .option("--policies <file>", "ES module with policies of your own: it runs as part of the hub", notEmpty)
    .option(
      "--journal <dir>",
      "folder for unfinished tasks, to survive a crash, or memory: (default: STORE.journal)",
      notEmpty,
    )
    .option("--forget", "discard what the journal holds, also that of another node or cluster", false)
    .addOption(durationOption("--keep <duration>", "delete results that are older (default: none)"))
    .option(
      "--keep-records <n>",
      "keep the newest results, at most this many (default: all)",
      positiveInteger,
    )
    .option("--tls-cert <file>", "TLS certificate (PEM)", notEmpty)
    .option("--tls-key <file>", "private key of the certificate (PEM)", notEmpty)
    .addOption(
      durationOption("--token-ttl <duration>", "how long the printed token admits new nodes (default: 24h)"),
    )
    .addOption(logLevelOption(false))
    .addHelpText(
      "after",
      "\nTokens are kept in STORE.cluster, next to the store. Options go before the file.\n",
    )
    .option("--open", "open the page in a browser of this machine", false)
    .action((given: Omit<HubCommand, "version">) => {
      const { listen: asked, ...rest } = given;
      const listen = asked === undefined ? undefined : parseHostPort(asked, given.tlsCert !== undefined);
      if (listen === null) throw wrongAddress("--listen", asked ?? "");
      choose(async () => {
        const { hub } = await import("./hub.js");
        return hub({ ...rest, ...(listen !== undefined && { listen }), version });
      });
    });
}

function addJoin(program: Command, choose: Choose, version: string): void {
  withSourcePolicy(program.command("join"))
    .argument("<url>", "address of the hub: ws://HOST:PORT or wss://HOST:PORT")
    .description(
      "Joins this machine to a cluster as an edge node. It only dials out: no port has to be opened.",
    )
    .option("--name <name>", "name of this node (default: the host name)", notEmpty)
    .option(
      "--token <token>",
      "join token (ID.SECRET); other users of this machine see it: safer in SLUICE_TOKEN or a file",
      notEmpty,
    )
    .option("--token-file <file>", "file that holds the token", notEmpty)
    .option(
      "--listen <host:port>",
      "address for direct connections from other nodes (default: they go through the hub)",
      notEmpty,
    )
    .option("--retry", "keep trying while the hub cannot be reached", false)
    .option("--tls-ca <file>", "certificate authority of the hub's certificate (PEM)", notEmpty)
    .option("--cluster <name>", "refuse to join a cluster with another name", notEmpty)
    .option(
      "--journal <dir>",
      "folder for unfinished tasks, to survive a crash, or memory: (default: .sluice/journal/NAME)",
      notEmpty,
    )
    .option("--forget", "discard what the journal holds, also that of another node or cluster", false)
    .option(
      "--services <file>",
      "ES module with AI services of your own, which runs as part of this node; repeatable",
      another,
    )
    .option("--model-dir <dir>", "folder with the ONNX models that pipelines use", notEmpty)
    .option(
      "--fetched-models <dir>",
      "folder for models that the hub keeps and --model-dir lacks, or none (default: .sluice/models/NAME)",
      notEmpty,
    )
    .option("--fetched-size <size>", "that those may take together, as 4GiB (default: 4GiB)", positiveSize)
    .option(
      "--stages <n>",
      "stages that policies may place here (default: as many as may have a worker each)",
      positiveInteger,
    )
    .option(
      "--replicas <n>",
      "workers of a stage without state, at most (default: as many as there are cores)",
      positiveInteger,
    )
    .option(
      "--stage-memory <size>",
      "that those may take together, as 4GiB (default: half of the machine)",
      positiveSize,
    )
    .addOption(logLevelOption())
    .action((url: string, given: Omit<JoinCommand, "version" | "url">) => {
      const hub = parseHostPort(url, false);
      if (hub === null || !/^wss?:/.test(url)) throw wrongAddress("the hub's address", url);
      const listen = given.listen === undefined ? undefined : parseHostPort(given.listen, false);
      if (listen === null) throw wrongAddress("--listen", given.listen ?? "");
      const name = given.name ?? fileNamePart(hostname());
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

function addConfig(program: Command, choose: Choose): void {
  program
    .command("config")
    .argument("[file]", "configuration file of a hub")
    .description(
      "Prints every setting of a hub with its default and meaning; with a file, checks it and prints what it says.",
    )
    .addHelpText(
      "after",
      "\nStart from the defaults: sluice config > hub.yaml\nPasswords in addresses are not printed.\n",
    )
    .action((file: string | undefined) =>
      choose(async () => {
        const { config } = await import("./config.js");
        return config(file ?? null);
      }),
    );
}

function addTokens(program: Command, choose: Choose): void {
  const tokens = program
    .command("token")
    .description("Creates, lists and revokes the tokens that nodes join with.");
  tokens
    .command("create")
    .description("Creates a token and prints it. It cannot be shown again.")
    .addOption(
      new Option("--role <role>", "role that the token allows: edge, cloud, operator or viewer (repeatable)")
        .argParser(listOf(["edge", "cloud", "operator", "viewer"]))
        .default(["edge"], "edge"),
    )
    .addOption(
      new Option("--grant <grant>", "extra permission: spawn (start actors on other nodes)")
        .argParser(listOf(["spawn"]))
        .default([], "none"),
    )
    .addOption(durationOption("--ttl <duration>", "how long the token admits new nodes", 15 * 60_000, "15m"))
    .option("--single", "valid for one node only", false)
    .option("--label <text>", "a note on what the token is for", notEmpty)
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((given: Omit<TokenCreateCommand, "label"> & { readonly label?: string }) => {
      choose(async () => {
        const { tokenCreate } = await import("./token.js");
        return tokenCreate({ ...given, label: given.label ?? null });
      });
    });
  tokens
    .command("list")
    .description("Lists the tokens of a hub, and the nodes that joined with each.")
    .option("--json", "print one JSON array", false)
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((given: { readonly store: string; readonly json: boolean }) =>
      choose(async () => {
        const { tokenList } = await import("./token.js");
        return tokenList(given);
      }),
    );
  tokens
    .command("revoke")
    .argument("<id>", "the part of the token before the dot")
    .description("Revokes a token, and disconnects the nodes that joined with it.")
    .option("--store <dir>", "store of the hub", notEmpty, DEFAULT_STORE)
    .action((id: string, given: { readonly store: string }) =>
      choose(async () => {
        const { tokenRevoke } = await import("./token.js");
        return tokenRevoke({ ...given, id: id.split(".")[0] ?? id });
      }),
    );
}

function wrongAddress(what: string, got: string): UsageError {
  return new UsageError(`${what} must be HOST:PORT: got ${JSON.stringify(got)}`);
}
