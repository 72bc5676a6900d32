/** The command line of `sluice`: each command reads its options here and is loaded only to run. */

import { hostname } from "node:os";
import {
  Command,
  listOf,
  logLevelOption,
  notEmpty,
  Option,
  readArguments,
  readBy,
  UsageError,
  type NothingToRun,
} from "../command-line.js";
import type { HubCommand } from "./hub.js";
import { DEFAULT_STORE } from "./hub-folder.js";
import type { JoinCommand } from "./join.js";
import { addOperator, type Choose } from "./operator-commands.js";
import type { TokenCreateCommand } from "./token.js";
import { SOURCE_KINDS } from "../../src/actors/generator/source-policy.js";
import { parseDuration, parseHostPort } from "./units.js";
import { fileNamePart } from "../../src/runtime/safe-text.js";

export type ParsedSluice = { readonly run: () => Promise<number> } | NothingToRun;

const duration = readBy(parseDuration, "a duration like 90s, 15m, 24h or 30d");

const EXAMPLES = `
Examples:
  sluice hub --listen 127.0.0.1:7000 --store results
  sluice join ws://127.0.0.1:7000 --name edge-1 --token ID.SECRET
  sluice run --pipeline pipeline.yaml --source video.mp4 --on edge-1
  sluice top
  sluice results --follow

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 left at the second Ctrl-C.
`;

/** Options for what operators may have this node open. */
function withSourcePolicy(command: Command): Command {
  const another = (text: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    notEmpty(text),
  ];
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

function addHub(program: Command, choose: Choose, version: string): void {
  withSourcePolicy(program.command("hub"))
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
  withSourcePolicy(program.command("join"))
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

function wrongAddress(what: string, got: string): UsageError {
  return new UsageError(`${what} must be HOST:PORT: got ${JSON.stringify(got)}`);
}
