/** `npm start`: an edge and a cloud node in this process, video through a pipeline, results in a store. */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../src/runtime/errors.js";
import { UsageError } from "./command-line.js";
import { keepOutput, warnOfLimits } from "./process.js";
import { HELP_HINT, parseCommand, type StartOptions } from "./start/options.js";

// What is lost of its output is no reason to store no more.
const output = keepOutput((why) => process.stderr.write(`error: ${why}\n`));

/** How long threads have to end by themselves. */
const LAST_WORDS_MS = 500;

const command = parseCommand(process.argv.slice(2), {
  source: asset("demo/demo.mp4"),
  pipeline: asset("pipelines/default.yaml"),
});
if (!("exitCode" in command)) warnOfLimits();
process.exitCode = "exitCode" in command ? command.exitCode : await runOrExplain(command.run);
if (output.lost() && process.exitCode === 0) process.exitCode = 1;
// All is stored and said: a worker in the middle of a task that was given up is not waited for.
setTimeout(() => process.exit(), LAST_WORDS_MS).unref();

/** Programs run from `dist/apps`; what they read lies beside their sources. As a user would type it. */
function asset(path: string): string {
  const absolute = fileURLToPath(new URL(`../../apps/${path}`, import.meta.url));
  const fromHere = relative(process.cwd(), absolute);
  return fromHere.startsWith("..") ? absolute : fromHere;
}

async function runOrExplain(options: StartOptions): Promise<number> {
  try {
    // Help and wrong usage answer in half the time without it.
    const { run } = await import("./start/run.js");
    return await run(options);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`error: ${error.message}\n${HELP_HINT}\n`);
      return 2;
    }
    // A coded error is the user's to mend and says how; anything else is ours and keeps its stack.
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
}
