/**
 * `npm start`: video through a pipeline on a cloud node and two edges, each in a process of its own, and the results in a
 * store.
 */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { requireFiles } from "./enough-files.js";

requireFiles();
const { runProgram } = await import("./program.js");
const { HELP_HINT, parseStart } = await import("./start/options.js");

const defaults = {
  source: asset("demo/demo.mp4"),
  pipeline: asset("pipelines/default.yaml"),
  isAtTerminal: process.stdout.isTTY,
};

await runProgram((args) => parseStart(args, defaults), HELP_HINT);

/** Programs run from `dist/apps`; what they read lies beside their sources. As a user would type it. */
function asset(path: string): string {
  const absolute = fileURLToPath(new URL(path, new URL("../../apps/", import.meta.url)));
  const fromHere = relative(process.cwd(), absolute);
  return fromHere.startsWith("..") ? absolute : fromHere;
}
