#!/usr/bin/env node
/** `sluice`: a cluster from the command line. */

import { readFileSync } from "node:fs";
import { CodedError } from "../src/runtime/errors.js";
import { UsageError } from "./command-line.js";
import { parseSluice } from "./cli/commands.js";
import { keepOutput, warnOfLimits } from "./process.js";

/** How long threads have to end by themselves. */
const LAST_WORDS_MS = 500;

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};
const command = parseSluice(process.argv.slice(2), manifest.version);
keepOutput((why) => {
  process.stderr.write(`error: ${why}\n`);
  // A node goes on for its tasks; any other command is there for its output.
  if (!("exitCode" in command) && !command.isNode) process.exit(1);
});
if (!("exitCode" in command) && command.isNode) warnOfLimits();
process.exitCode = "exitCode" in command ? command.exitCode : await runOrExplain(command.run);
setTimeout(() => process.exit(), LAST_WORDS_MS).unref();

async function runOrExplain(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`error: ${error.message}\nTry sluice --help\n`);
      return 2;
    }
    // A coded error is the user's to mend and says how; anything else is ours and keeps its stack.
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
}
