/** How the commands are made that act on a running cluster: the options that say which hub is meant, and the connection to it. */

import type { Operator } from "../../src/operator/operator.js";
import { type Command, notEmpty, Option } from "../command-line.js";
import { DEFAULT_STORE } from "./hub-folder.js";
import { asOperator, type OperatorFlags } from "./operator-connection.js";

/** Takes what a command is to do once the command line has been read. */
export type Choose = (run: () => Promise<number>) => void;

/** Ways to make a command of an operator. */
export interface OperatorCommands {
  /** A command with the options that say which hub is meant. */
  readonly command: (name: string, description: string) => Command;
  readonly choose: Choose;
  /** Has the command, once it is chosen, load what it needs and work as an operator of the hub that `flags` mean. */
  readonly act: <Module>(
    flags: OperatorFlags,
    load: () => Promise<Module>,
    work: (module: Module, operator: Operator) => Promise<number>,
  ) => void;
}

export function operatorCommands(program: Command, choose: Choose): OperatorCommands {
  return {
    choose,
    command: (name, description) =>
      program
        .command(name)
        .description(description)
        .optionsGroup("Which hub:")
        .option("--store <dir>", "store of a hub that runs on this machine", notEmpty, DEFAULT_STORE)
        .addOption(new Option("--hub <url>", "address of a hub on another machine").env("SLUICE_HUB"))
        .addOption(new Option("--token <token>", "token with the role operator").env("SLUICE_TOKEN"))
        .option(
          "--token-file <file>",
          "file that holds the token: no other user of this machine sees it",
          notEmpty,
        )
        .option("--tls-ca <file>", "certificate authority of the hub's certificate (PEM)", notEmpty)
        .optionsGroup("Options:"),
    act: (flags, load, work) =>
      choose(async () => {
        const module = await load();
        return asOperator(flags, (operator) => work(module, operator));
      }),
  };
}
