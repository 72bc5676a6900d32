#!/usr/bin/env node
/** `sluice`: a cluster from the command line. */

import { readFileSync } from "node:fs";
import { CodedError } from "../src/runtime/errors.js";
import { UsageError } from "./command-line.js";
import { parseSluice } from "./cli/commands.js";
import { err, outbreak } from "./terminal.js";

// A reader that has gone (`sluice results | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

/** How long threads have to end by themselves. */
const LAST_WORDS_MS = 500;

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};
const command = parseSluice(process.argv.slice(2), manifest.version);
process.exitCode = "exitCode" in command ? command.exitCode : await runOrExplain(command.run);
setTimeout(() => process.exit(), LAST_WORDS_MS).unref();

async function runOrExplain(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UsageError) {
      err.line(`error: ${error.message}`);
      err.line("Try sluice --help");
      return 2;
    }
    // A coded error is the user's to mend and says how; anything else is ours and keeps its stack.
    if (error instanceof CodedError) err.line(`error: ${error.message}`);
    else outbreak(error);
    return 1;
  }
}
