/** `npm start`: an edge and a cloud node in this process, video through a pipeline, results in a store. */

import { fileURLToPath } from "node:url";
import { CodedError } from "../src/runtime/errors.js";
import { parseCommand } from "./start/options.js";
import { run } from "./start/run.js";

/** Programs run from `dist/apps`; what they read lies beside their sources. */
const asset = (path: string): string => fileURLToPath(new URL(`../../apps/${path}`, import.meta.url));

const command = parseCommand(process.argv.slice(2), {
  source: asset("demo/demo.mp4"),
  pipeline: asset("pipelines/default.yaml"),
});
process.exitCode = "exitCode" in command ? command.exitCode : await runOrExplain(command.run);

async function runOrExplain(options: Parameters<typeof run>[0]): Promise<number> {
  try {
    return await run(options);
  } catch (error) {
    // A coded error is the user's to mend and says how; anything else is ours and keeps its stack.
    if (!(error instanceof CodedError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return 1;
  }
}
